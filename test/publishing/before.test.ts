import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { parseReference } from "../../components/registry";
import { contextDigest } from "../standins/docker/contextDigest";
import { changes, imageProject, imageStack, succeeded } from "../support/project";
import { registry } from "../support/registry";
import { RegistryProxy } from "../support/registryProxy";
import type { Repo } from "../support/repo";
import type { TestStack } from "../support/stack";

const COMMIT = "3380ae818e0b60da6d510d4668060436ca6e79ea";
const TREE = "b1c61953e2144c932320ea6ab03a00844ead855b";

/**
 * What version 0.1 wrote goes on without a build: before/ has its states as `pulumi stack export --show-secrets` printed them, but for where an image
 * went. With immutable tags it had pushed under the version's own tag, elsewhere under a scratch tag, with the labels in the Dockerfile.
 */
describe("a stack that the release before has updated", () => {
  const disposables: (() => unknown)[] = [];

  afterEach(async () => {
    for (const dispose of disposables.splice(0)) {
      await dispose();
    }
  });

  for (const how of ["mutable", "immutable"]) {
    describe(`with ${how} tags`, () => {
      let source: Repo;
      let repository: string;
      let behind: string;
      let stack: TestStack;
      let digest: string;

      beforeEach(async () => {
        source = imageProject();
        assert.equal(source.head(), COMMIT);
        const proxy = await RegistryProxy.start({ immutable: how === "immutable" ? 400 : undefined });
        behind = registry.repository("before");
        repository = behind.replace(registry.host, proxy.host);
        stack = imageStack(source, { repository, immutableTags: how === "immutable" });
        disposables.push(
          () => stack.forget(),
          () => source.dispose(),
          () => proxy.stop(),
        );
        const template = readFileSync(path.join(__dirname, "before", `${how}.json`), "utf8");
        const scratch = /\{\{repository\}\}:(scratch-[a-z0-9-]+)/.exec(template)?.[1];
        digest = publishAsBefore(source, repository, ["3380ae8", ...(scratch ? [scratch] : [])]);
        stack.importState(
          template
            .replaceAll("{{repository}}", repository)
            .replaceAll("{{digest}}", digest)
            .replaceAll("{{contextDigest}}", digestOfMarker(source, `${repository}:3380ae8`)),
        );
      });

      it("changes nothing, twice, and publishes the next version", async () => {
        const pushed = registry.pushesTo(behind);
        for (let update = 0; update < 2; update++) {
          const result = await stack.up();
          assert.deepEqual(changes(result), {}, result.text);
          assert.deepEqual([succeeded(result).digest, succeeded(result).outcome], [digest, "published"]);
        }
        assert.equal(registry.pushesTo(behind), pushed);
        source.write("app/main", "two\n").add().commit("Two");
        const result = await stack.up();
        const next = succeeded(result);
        assert.deepEqual(changes(result), { "app-image": "update", "app-record": "update" }, result.text);
        assert.equal(await registry.digest(`${behind}:${next.tag}`), next.digest);
        assert.equal(await registry.digest(`${behind}:3380ae8`), digest);
        assert.deepEqual(changes(await stack.up()), {});
      });

      it("is not stuck where what it built is replaced", async () => {
        const replaced = await stack.up({}, { replace: ["**::app-image"] });
        assert.equal(succeeded(replaced).digest, digest);
        assert.equal(await registry.digest(`${behind}:3380ae8`), digest);
        assert.deepEqual(changes(await stack.up()), {});
      });
    });
  }
});

/** Builds and pushes as version 0.1 did, with the labels in the image from the start. Returns its digest. */
function publishAsBefore(source: Repo, repository: string, tags: string[]): string {
  const labels = {
    "org.opencontainers.image.revision": COMMIT,
    "dev.versioned-image.tree": TREE,
    "dev.versioned-image.build": "platform=linux/amd64 dockerfile=Dockerfile",
  };
  const given = Object.entries(labels).flatMap(([name, value]) => ["--label", `${name}=${value}`]);
  const names = tags.map((tag) => `${repository}:${tag}`);
  const build = ["build", "--platform", "linux/amd64", ...given, ...names.flatMap((name) => ["--tag", name])];
  execFileSync("docker", [...build, source.path("app")], { stdio: "ignore" });
  for (const name of names) {
    execFileSync("docker", ["push", name], { stdio: "ignore" });
  }
  const [name = ""] = names;
  const inspected = execFileSync("docker", [
    "image",
    "inspect",
    "--format",
    '{{join .RepoDigests " "}}',
    name,
  ]).toString();
  const own = inspected
    .trim()
    .split(" ")
    .find((reference) => parseReference(reference).repository === repository);
  return own?.split("@")[1] ?? assert.fail(inspected);
}

/** What the provider makes of the line that stands for the files while nothing is built. */
function digestOfMarker(source: Repo, spec: string): string {
  const folder = source.path(".marker");
  mkdirSync(folder);
  writeFileSync(path.join(folder, "Dockerfile"), `# ${spec}\n`, { mode: 0o644 });
  try {
    return contextDigest(folder, path.join(folder, "Dockerfile"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
