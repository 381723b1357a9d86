import * as assert from "node:assert/strict";
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync } from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import { behaviours, openWorkplace, type Workplace } from "./support/behaviours";
import { realPluginOf, standinOf } from "./support/plugins";

/** Of the files that `fill` writes. */
const DIGEST = "a623574e02e13d6e3304ed15f1588bb99160c4443bbc81ab9de425daa14cbf93";

function fill({ write }: Workplace): void {
  write("app/Dockerfile", "FROM scratch\nCOPY main /main\n");
  write("app/main", "one\n");
  // Directories come in the place of their names, so that a/x is before a-b.
  write("app/a/x", "1");
  write("app/a-b", "2");
}

async function digestOf({ plugin }: Workplace, dockerfile = "app/Dockerfile"): Promise<string> {
  const { build } = await plugin.check({ imageName: "registry.example/app", build: { context: "app", dockerfile } });
  return (build as { contextDigest: string }).contextDigest;
}

behaviours("docker", "the context's digest", (at) => {
  const file = (name: string) => path.join(at.directory, "app", name);

  beforeEach(() => {
    rmSync(path.join(at.directory, "app"), { recursive: true, force: true });
    fill(at);
  });

  const same: [what: string, change: () => void][] = [
    ["nothing changed", () => {}],
    ["a file was touched", () => utimesSync(file("main"), 1, 1)],
    ["an empty directory was added", () => mkdirSync(file("empty"))],
    ["a directory's mode changed", () => chmodSync(file("a"), 0o700)],
    [
      "an ignored file was added",
      () => {
        at.write("app/.dockerignore", ".dockerignore\n*.key\n");
        at.write("app/a.key", "secret");
      },
    ],
    [
      "a file was added that the Dockerfile's own ignore file ignores",
      () => {
        at.write("app/.dockerignore", "main\n");
        at.write("app/Dockerfile.dockerignore", "*.key\n*.dockerignore\n.dockerignore\n");
        at.write("app/a.key", "secret");
      },
    ],
  ];
  for (const [what, change] of same) {
    it(`is the same when ${what}`, async () => {
      change();
      assert.equal(await digestOf(at), DIGEST);
    });
  }

  const other: [what: string, change: () => void, digest: string][] = [
    [
      "a file's content changed",
      () => at.write("app/main", "two\n"),
      "b6ee3cdfcad9e87625307090697940f717b1281bfb2a9cfffedf7cf69dd20f28",
    ],
    [
      "a file's mode changed, as another umask does it",
      () => chmodSync(file("main"), 0o664),
      "c10b91faf3407f5ed9c3a72656724ea63a91972f7704e01a5fb93671b6e535d9",
    ],
    [
      "a file was renamed",
      () => renameSync(file("main"), file("other")),
      "51c1cf9e7dd4efdeff17a182271733bd5e09a5eb5b54d761e97ce9bb29540e7f",
    ],
    [
      "a file was added that git ignores",
      () => at.write("app/.env", "secret"),
      "8244da7114516c972bf501c10115567da38512abc2fbd9d3f423546ba18eee1a",
    ],
    [
      "a file may be set to run as its owner",
      () => chmodSync(file("main"), 0o6755),
      "e1d1d25ca6fc36837605eb9081b77f871c9ce944b8dba9d07bdffdc976a8f30e",
    ],
    [
      "there is a link, by where it leads",
      () => symlinkSync("a/../main", file("link")),
      "7829d796b4edc6e878a9315e61ad91768ba2ba8b4c4fab6c493fa148a2e831fe",
    ],
    [
      "there is a link to a directory",
      () => symlinkSync("a", file("link")),
      "1262b6309928c98e7fb691f6d4ffd30fa0d89fd7181f97439704ea82093487aa",
    ],
    [
      "there is a link out of the context",
      () => symlinkSync("/", file("link")),
      "186e47c7d2e5ac093de75e223eb817c0cf6e92fbc4fd022f13e61f2297b13c7b",
    ],
    [
      "an ignore file ignores all but what it names",
      () => at.write("app/.dockerignore", "**\n!a/x\n"),
      "b20aff4dc4a83cd6cbdf1ebd17f05c9bade3422f2c6fd10d4aedb74575e1751c",
    ],
  ];
  for (const [what, change, digest] of other) {
    it(`is another when ${what}`, async () => {
      change();
      assert.equal(await digestOf(at), digest);
    });
  }

  it("leaves out what comes after a link to nowhere", async () => {
    symlinkSync("nowhere", file("Dockerfile-link"));
    const digest = await digestOf(at);
    at.write("app/main", "two\n");
    assert.equal(await digestOf(at), digest);
    at.write("app/a/x", "3");
    assert.equal(await digestOf(at), "d8f4d309a0cf585bfef0a541c826efc0159299f35f5edb380dff4d5ed3a22af4");
  });

  it("holds the Dockerfile under one name, wherever it is", async () => {
    at.write("elsewhere", "FROM scratch\nCOPY main /main\n");
    assert.equal(await digestOf(at, "elsewhere"), DIGEST);
  });

  it("can't be made of links in a ring", async () => {
    symlinkSync("ring", file("ring"));
    await assert.rejects(digestOf(at), { message: /too many links/ });
  });
});

const real = realPluginOf("docker");
if (real) {
  const NAMES = ["a", "a-b", "a.b", "b", "ü", "Z", "main"];
  const names = fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  const patterns = fc.oneof(
    names,
    names.map((name) => `!${name}`),
    fc.constantFrom("*", "**", "a*", "**/b", "!**/a-b", "*/*", "# comment", "", "/a", "a/", "!a/b", "?"),
  );
  const trees = fc.record({
    files: fc.dictionary(names, fc.constantFrom(0o644, 0o755, 0o600, 0o4755), { minKeys: 1, maxKeys: 8 }),
    links: fc.dictionary(names, fc.oneof(names, fc.constantFrom("..", "/", ".", "../app/a")), { maxKeys: 2 }),
    ignored: fc.option(fc.array(patterns, { maxLength: 4 })),
  });

  describe("docker stand-in and real plugin", () => {
    it("make the same digest of any context", async function () {
      this.timeout(120_000);
      const pair = await Promise.all([
        openWorkplace("docker", standinOf("docker").file),
        openWorkplace("docker", real.file),
      ]);
      try {
        await fc.assert(
          fc.asyncProperty(trees, async ({ files, links, ignored }) => {
            const digests = pair.map((at) => {
              rmSync(path.join(at.directory, "app"), { recursive: true, force: true });
              at.write("app/Dockerfile", "FROM scratch\n");
              for (const [name, mode] of Object.entries(files)) {
                tryTo(() => at.write(`app/${name}`, name, mode));
              }
              for (const [name, target] of Object.entries(links)) {
                tryTo(() => symlinkSync(target, path.join(at.directory, "app", name)));
              }
              if (ignored) {
                at.write("app/.dockerignore", ignored.join("\n"));
              }
              return digestOf(at).catch((error: Error) =>
                /too many links/.test(error.message) ? "ring" : error.message,
              );
            });
            const [standin, plugin] = await Promise.all(digests);
            assert.equal(standin, plugin);
          }),
          { numRuns: 300 },
        );
      } finally {
        await Promise.all(pair.map((at) => at.close()));
      }
    });
  });
}

/** A name may be that of a directory already, or its directory that of a file: such files are left out. */
function tryTo(write: () => void): void {
  try {
    write();
  } catch (error) {
    assert.match((error as NodeJS.ErrnoException).code ?? "", /^(EEXIST|EISDIR|ELOOP|ENOENT|ENOTDIR)$/);
  }
}
