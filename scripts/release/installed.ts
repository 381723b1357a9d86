import { mkdir, writeFile } from "node:fs/promises";
import * as path from "node:path";
import type { Environment } from "../setup";
import { dockerAt } from "../setup/docker";
import { run } from "../setup/run";
import { INSTALL, publish } from "./published";

/** What a package says of itself that was installed from a registry of packages. */
export interface Installed {
  /** What `versioned-image --version` prints. */
  version: string;
  /** What the package exports. */
  exported: string[];
  /** What `versioned-image tag` prints for a directory of a new repository, and the commit that touched it last. */
  tag: string;
  commit: string;
}

/** Publishes a tarball to a registry of packages on this machine and installs it from there in an empty project. */
export async function install(name: string, version: string, tarball: string, scratch: string): Promise<Installed> {
  const { npmrc, close } = await publish(name, tarball, scratch);
  try {
    const project = path.join(scratch, "project");
    await mkdir(path.join(project, "app"), { recursive: true });
    await writeFile(path.join(project, ".npmrc"), npmrc);
    await writeFile(path.join(project, "package.json"), JSON.stringify({ name: "empty", private: true }));
    await writeFile(path.join(project, "app", "Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n");
    const here = { cwd: project };
    const git = (...args: string[]) => run("git", [...IDENTITY, ...args], here);
    await git("init", "--quiet");
    await git("add", "app");
    await git("commit", "--quiet", "--message", "Begin");

    await run("npm", [...INSTALL, `${name}@${version}`], here);
    const required = `JSON.stringify(Object.keys(require(${JSON.stringify(name)})))`;
    const cli = (...args: string[]) => run(CLI, args, here);
    return {
      version: (await cli("--version")).trim(),
      exported: JSON.parse(await run(process.execPath, ["-p", required], here)),
      tag: (await cli("tag", "app")).trim(),
      commit: (await git("rev-parse", "HEAD")).trim(),
    };
  } finally {
    close();
  }
}

const CLI = path.join("node_modules", ".bin", "versioned-image");

/** What became of an image that the installed package published twice. */
export interface PublishedTwice {
  /** The version of the Docker that built it. */
  docker: string;
  outcomes: string[];
  /** What its tag leads to in the registry. */
  digest: string;
  /** What was printed: repository, tag and digest. */
  reference: string;
}

/** Publishes an image from the project in which `install` has installed the package, twice, and verifies it. */
export async function publishTwice(scratch: string, { env, docker, registry }: Environment): Promise<PublishedTwice> {
  const here = { cwd: path.join(scratch, "project"), env };
  const repository = `${registry.host}/installed`;
  const publishOnce = async () =>
    JSON.parse(await run(CLI, ["publish", "app", "--repository", repository, "--json"], here)).images[0];
  const [first, second] = [await publishOnce(), await publishOnce()];
  // Ends with an error unless commit and content are proven.
  await run(CLI, ["verify", first.reference], here);
  const held = await fetch(`http://${registry.host}/v2/installed/manifests/${first.tag}`, {
    method: "HEAD",
    headers: { accept: "application/vnd.docker.distribution.manifest.v2+json" },
  });
  return {
    docker: (await dockerAt(docker.host).version()).Version,
    outcomes: [first.outcome, second.outcome],
    digest: held.headers.get("docker-content-digest") ?? "",
    reference: first.reference,
  };
}

/** Commits as nobody, whatever the user has set. */
export const IDENTITY = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.com", "-c", "commit.gpgSign=false"];
