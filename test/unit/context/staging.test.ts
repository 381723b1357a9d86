import * as assert from "node:assert/strict";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { type Staging, stage, swapForExisting } from "../../../components/context/staging";
import { VersionedImageError } from "../../../components/errors";

const COMMITTED = new Date("2024-05-06T07:08:09Z");
const STAMPED = 'FROM a\nLABEL k="v"\n';

describe("stage", () => {
  let home: string;
  let directory: string;
  let written: number;

  beforeEach(async () => {
    home = process.cwd();
    directory = await mkdtemp(path.join(tmpdir(), "staging-"));
    process.chdir(directory);
    written = 0;
  });

  afterEach(async () => {
    process.chdir(home);
    await rm(directory, { recursive: true });
  });

  function staging(overrides: Partial<Staging> = {}): Staging {
    return {
      name: "0123456789ab-cdef0123",
      dockerfile: "Dockerfile",
      target: undefined,
      labels: { k: "v" },
      mtime: COMMITTED,
      write: async (into) => {
        written++;
        await writeFile(path.join(into, "Dockerfile"), "FROM a\n");
        await mkdir(path.join(into, "sub"), { mode: 0o700 });
        await writeFile(path.join(into, "sub", "run.sh"), "run", { mode: 0o700 });
        await symlink("run.sh", path.join(into, "sub", "link"));
      },
      ...overrides,
    };
  }

  /** What is removed at a run's beginning is so once for each place; another name of it makes the next run. */
  async function inNextRun(): Promise<void> {
    await rename(directory, `${directory}-next`);
    directory += "-next";
    process.chdir(directory);
  }

  it("writes files with git's modes and the commit's time, whatever the umask", async () => {
    const umask = process.umask(0o077);
    const staged = await stage(staging());
    process.umask(umask);
    assert.deepEqual(staged, {
      context: ".versioned-image/0123456789ab-cdef0123",
      dockerfile: ".versioned-image/0123456789ab-cdef0123/Dockerfile",
    });
    assert.equal(await readFile(staged.dockerfile, "utf8"), STAMPED);
    const seen: Record<string, string> = {};
    for (const name of [".", "Dockerfile", "sub", "sub/run.sh", "sub/link"]) {
      const stats = await lstat(path.join(staged.context, name));
      assert.deepEqual(stats.mtime, COMMITTED, name);
      seen[name] = stats.isSymbolicLink() ? "link" : (stats.mode & 0o777).toString(8);
    }
    assert.deepEqual(seen, { ".": "755", Dockerfile: "644", sub: "755", "sub/run.sh": "755", "sub/link": "link" });
  });

  it("ignores itself", async () => {
    await stage(staging());
    assert.equal(await readFile(".versioned-image/.gitignore", "utf8"), "*\n");
  });

  it("uses again what is intact", async () => {
    await stage(staging());
    await stage(staging());
    assert.equal(written, 1);
  });

  const damages: [what: string, damage: (context: string) => Promise<unknown>][] = [
    ["a changed file", (context) => writeFile(path.join(context, "sub/run.sh"), "bad")],
    ["a changed mode", (context) => chmod(path.join(context, "sub/run.sh"), 0o644)],
    ["a missing file", (context) => rm(path.join(context, "sub/run.sh"))],
    ["an added file", (context) => writeFile(path.join(context, "sub/more"), "more")],
    [
      "a directory where a file was",
      async (context) => {
        await rm(path.join(context, "sub/run.sh"));
        await mkdir(path.join(context, "sub/run.sh/x"), { recursive: true });
        await writeFile(path.join(context, "sub/run.sh/x/y"), "y");
      },
    ],
    ["a missing manifest", (context) => rm(`${context}.json`)],
    ["half a manifest", (context) => writeFile(`${context}.json`, '{"Docker')],
    [
      "a swapped Dockerfile",
      (context) =>
        swapForExisting({ context, dockerfile: path.join(context, "Dockerfile") }, "h/a@sha256:1", undefined),
    ],
  ];
  for (const [what, damage] of damages) {
    it(`mends ${what}`, async () => {
      const { context, dockerfile } = await stage(staging());
      await damage(context);
      await stage(staging());
      assert.equal(written, 2);
      assert.equal(await readFile(dockerfile, "utf8"), STAMPED);
      assert.equal(await readFile(path.join(context, "sub/run.sh"), "utf8"), "run");
      assert.deepEqual((await readdir(context, { recursive: true })).sort(), [
        "Dockerfile",
        "sub",
        "sub/link",
        "sub/run.sh",
      ]);
      await stage(staging());
      assert.equal(written, 2);
    });
  }

  it("is safe when several runs stage at once", async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => stage(staging())));
    assert.equal(new Set(all.map(({ context }) => context)).size, 1);
    assert.equal(await readFile(all[0]?.dockerfile ?? "", "utf8"), STAMPED);
    assert.deepEqual((await readdir(".versioned-image")).sort(), [
      ".gitignore",
      "0123456789ab-cdef0123",
      "0123456789ab-cdef0123.json",
    ]);
  });

  it("keeps every file, whatever it is called, and writes behind no link", async () => {
    await writeFile("outside", "outside");
    const staged = await stage(
      staging({
        write: async (into) => {
          await writeFile(path.join(into, "Dockerfile"), "FROM a\n");
          await symlink(path.resolve("outside"), path.join(into, "Dockerfile.next"));
          await writeFile(path.join(into, "Dockerfile.tmp"), "mine");
        },
      }),
    );
    assert.equal(await readFile(staged.dockerfile, "utf8"), STAMPED);
    assert.equal(await readFile("outside", "utf8"), "outside");
    assert.deepEqual((await readdir(staged.context)).sort(), ["Dockerfile", "Dockerfile.next", "Dockerfile.tmp"]);
    await swapForExisting(staged, "h/a@sha256:1", undefined);
    assert.equal(await readFile(staged.dockerfile, "utf8"), "FROM h/a@sha256:1\n");
    assert.equal(await readFile("outside", "utf8"), "outside");
    assert.deepEqual((await readdir(staged.context)).sort(), ["Dockerfile", "Dockerfile.next", "Dockerfile.tmp"]);
    assert.equal((await readdir(".versioned-image")).length, 3);
  });

  for (const link of [".versioned-image", ".versioned-image/.gitignore", ".versioned-image/0123456789ab-cdef0123"]) {
    it(`refuses a link at ${link}, and touches nothing behind it`, async () => {
      await mkdir("elsewhere");
      await writeFile("elsewhere/old", "old");
      const old = new Date("2020-01-01");
      await utimes("elsewhere/old", old, old);
      if (link !== ".versioned-image") {
        await mkdir(".versioned-image");
      }
      await symlink(path.resolve(link.endsWith("ignore") ? "elsewhere/old" : "elsewhere"), link);
      await assert.rejects(
        stage(staging()),
        (error) =>
          error instanceof VersionedImageError &&
          error.code === "StagingFailed" &&
          error.message.startsWith(`${path.resolve(link)} is a symbolic link`),
      );
      assert.deepEqual(await readdir("elsewhere"), ["old"]);
      assert.equal(await readFile("elsewhere/old", "utf8"), "old");
      assert.equal(written, 0);
    });
  }

  it("names by content where no name is given", async () => {
    const one = await stage(staging({ name: undefined, mtime: undefined }));
    const same = await stage(staging({ name: undefined, mtime: undefined }));
    const other = await stage(staging({ name: undefined, mtime: undefined, labels: { k: "w" } }));
    assert.match(one.context, /^\.versioned-image\/debug-[0-9a-f]{20}$/);
    assert.equal(same.context, one.context);
    assert.notEqual(other.context, one.context);
  });

  it("leaves nothing behind when writing fails, and says why", async () => {
    const fault = Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
    await assert.rejects(
      stage(staging({ write: () => Promise.reject(fault) })),
      (error) =>
        error instanceof VersionedImageError && error.code === "StagingFailed" && error.message.includes("ENOSPC"),
    );
    assert.deepEqual(await readdir(".versioned-image"), [".gitignore"]);
  });

  it("removes what was not used for a day", async () => {
    const { context } = await stage(staging({ name: "old" }));
    const recent = await stage(staging({ name: "recent" }));
    const days = (count: number) => new Date(Date.now() - count * 86_400_000);
    await utimes(`${context}.json`, days(2), days(2));
    await utimes(`${recent.context}.json`, days(0.5), days(0.5));
    await stage(staging({ name: "new" }));
    assert.equal((await readdir(".versioned-image")).length, 7, "a run looked for them twice");
    await inNextRun();
    await stage(staging({ name: "new" }));
    assert.deepEqual((await readdir(".versioned-image")).sort(), [
      ".gitignore",
      "new",
      "new.json",
      "recent",
      "recent.json",
    ]);
  });

  it("stages again where the folder was taken away in between", async () => {
    await stage(staging());
    await rm(".versioned-image", { recursive: true });
    const { dockerfile } = await stage(staging());
    assert.equal(await readFile(dockerfile, "utf8"), STAMPED);
    assert.equal(await readFile(".versioned-image/.gitignore", "utf8"), "*\n");
  });

  it("stamps the file that a Dockerfile links to, and leaves that one as it is", async () => {
    const staged = await stage(
      staging({
        write: async (into) => {
          await writeFile(path.join(into, "real"), "FROM a\n");
          await symlink("real", path.join(into, "Dockerfile"));
        },
      }),
    );
    assert.equal(await readFile(staged.dockerfile, "utf8"), STAMPED);
    assert.equal(await readFile(path.join(staged.context, "real"), "utf8"), "FROM a\n");
  });

  it("refuses a Dockerfile that links to the outside", async () => {
    await writeFile("outside", "FROM a\n");
    const write = (into: string) => symlink(path.resolve("outside"), path.join(into, "Dockerfile"));
    await assert.rejects(
      stage(staging({ write })),
      (error) => error instanceof VersionedImageError && error.code === "DockerfileNotCovered",
    );
    assert.equal(await readFile("outside", "utf8"), "FROM a\n");
  });
});
