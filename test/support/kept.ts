import { readdirSync } from "node:fs";
import * as path from "node:path";
import { ROOT } from "../../scripts/setup/paths";
import { IMAGES, imagesConfig } from "./project";
import { type Repo, repo } from "./repo";
import { TestStack } from "./stack";

/** What builds: the names of folders in that of a release. */
export type KeptBuilder = "docker" | "buildKit";

/**
 * Each release has a folder here: its interface, `schema.json`, and for each builder the `state.json` of a stack and, in an OCI image layout,
 * what each image's repository held. `npm run release -- --keep` makes it.
 */
export const KEPT = path.join(ROOT, "test", "kept");

export const keptVersions = () => readdirSync(KEPT);

/** The images of the stack. What their repositories hold is in folders of the same names. */
export const KEPT_IMAGES = ["app", "site"] as const;

/** The repository of which releases have published: its commits are the same in each run. */
export function keptProject(): Repo {
  return repo()
    .write("Pulumi.yaml", "name: versioned-image-example\nruntime: nodejs\n")
    .write(".gitignore", "Pulumi.*.yaml\n")
    .write("app/Dockerfile", "FROM scratch\nCOPY main /main\n")
    .write("app/main", "one\n")
    .write("site/Dockerfile", "FROM scratch\nCOPY index.html /index.html\n")
    .write("site/index.html", "<p>one</p>\n")
    .add()
    .commit("Begin");
}

/**
 * Where the registry was, which the states name in hashes, too. It is no place that something else listens at: 127.0.0.1 is not the only
 * address of loopback.
 */
export const KEPT_HOSTS: Record<KeptBuilder, string> = {
  docker: "127.83.76.1:5839",
  buildKit: "127.83.76.2:5839",
};

/** The address of the Docker daemon, which the state of BuildKit's provider has although it needs none. */
export const KEPT_NO_DOCKER = "unix:///nonexistent.sock";

/** An image's repository, without the registry's host. */
export function keptName(builder: KeptBuilder, version: string, image: string): string {
  return `${version}/${builder.toLowerCase()}/${image}`;
}

export function keptRepository(builder: KeptBuilder, version: string, image: string): string {
  return `${KEPT_HOSTS[builder]}/${keptName(builder, version, image)}`;
}

/** The stack: what all releases can publish. Its arguments are those of each release that is kept, so they stay as they are. */
export function keptStack(
  project: Repo,
  builder: KeptBuilder,
  version: string,
  env: NodeJS.ProcessEnv = {},
): TestStack {
  const build = builder === "buildKit" ? { builder: "BuildKit", builderName: "farm" } : {};
  const repository = (image: string) => keptRepository(builder, version, image);
  return new TestStack("test", {
    workDir: project.directory,
    env: { ...process.env, ...env },
    program: IMAGES,
    config: imagesConfig({
      app: { repository: repository("app"), build },
      site: {
        repository: repository("site"),
        build,
        tagPolicy: "Tree",
        releaseTags: ["v1.0.0"],
        alsoTag: ["stable"],
      },
    }),
  });
}
