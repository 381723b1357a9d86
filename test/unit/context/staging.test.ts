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
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import {
  type ContextContent,
  contentOfImage,
  contextOf,
  emptyPlace,
  ensureMarked,
  fillPlace,
  newPlaceName,
  type Place,
  prepareContext,
  removePlace,
} from "../../../components/context";
import { VersionedImageError } from "../../../components/errors";

const COMMITTED = new Date("2024-05-06T07:08:09Z");
const PLACE: Place = { name: "0123456789abcdef", dockerfile: "Dockerfile", marker: "h/a:1234567" };

/** What a builder is given, and where: each test has a working directory of its own. */
describe("the staging folder", () => {
  let home: string;
  let directory: string;

  beforeEach(async () => {
    home = process.cwd();
    directory = await mkdtemp(path.join(tmpdir(), "staging-"));
    process.chdir(directory);
  });

  afterEach(async () => {
    process.chdir(home);
    await rm(directory, { recursive: true });
  });

  function content(overrides: Partial<ContextContent> = {}): ContextContent {
    return {
      dockerfile: "Dockerfile",
      target: undefined,
      mtime: COMMITTED,
      write: async (into) => {
        await writeFile(path.join(into, "Dockerfile"), "FROM a\n");
        await mkdir(path.join(into, "sub"), { mode: 0o700 });
        await writeFile(path.join(into, "sub", "run.sh"), "run", { mode: 0o700 });
        await symlink("run.sh", path.join(into, "sub", "link"));
      },
      ...overrides,
    };
  }

  /** What is removed at a run's beginning is so once for each folder; another name of it makes the next run. */
  async function inNextRun(): Promise<void> {
    await rename(directory, `${directory}-next`);
    directory += "-next";
    process.chdir(directory);
  }

  async function isStagingFailed(work: () => Promise<unknown>, message: string | RegExp): Promise<void> {
    await assert.rejects(work, (error) => {
      assert.ok(error instanceof VersionedImageError, String(error));
      assert.equal(error.code, "StagingFailed");
      assert.match(error.message, typeof message === "string" ? new RegExp(`^${message}`) : message);
      return true;
    });
  }

  describe("prepareContext", () => {
    it("writes files with git's modes and the commit's time, whatever the umask", async () => {
      const umask = process.umask(0o077);
      const prepared = await prepareContext(content());
      process.umask(umask);
      assert.equal(await readFile(path.join(prepared.directory, "Dockerfile"), "utf8"), "FROM a\n");
      const seen: Record<string, string> = {};
      for (const name of ["Dockerfile", "sub", "sub/run.sh", "sub/link"]) {
        const stats = await lstat(path.join(prepared.directory, name));
        assert.deepEqual(stats.mtime, COMMITTED, name);
        seen[name] = stats.isSymbolicLink() ? "link" : (stats.mode & 0o777).toString(8);
      }
      assert.deepEqual(seen, { Dockerfile: "644", sub: "755", "sub/run.sh": "755", "sub/link": "link" });
      assert.equal((await stat(prepared.directory)).mode & 0o777, 0o755);
    });

    it("keeps each file's own mode and time where no time is given", async () => {
      const prepared = await prepareContext(
        content({
          mtime: undefined,
          write: async (into) => {
            await writeFile(path.join(into, "Dockerfile"), "FROM a\n");
            await writeFile(path.join(into, "key"), "key");
            await chmod(path.join(into, "key"), 0o600);
            await utimes(path.join(into, "key"), COMMITTED, COMMITTED);
          },
        }),
      );
      const { mode, mtime } = await stat(path.join(prepared.directory, "key"));
      assert.deepEqual([(mode & 0o777).toString(8), mtime], ["600", COMMITTED]);
    });

    it("lets nobody but the owner read what is staged", async () => {
      await prepareContext(content());
      assert.equal((await stat(".versioned-image")).mode & 0o777, 0o700);
      assert.equal(await readFile(".versioned-image/.gitignore", "utf8"), "*\n");
    });

    it("tells contents apart, and knows the same one again", async () => {
      const hashOf = async (overrides: Partial<ContextContent>) => (await prepareContext(content(overrides))).hash();
      const one = await hashOf({});
      assert.match(one, /^[0-9a-f]{64}$/);
      assert.equal(await hashOf({}), one);
      assert.notEqual(await hashOf({ mtime: undefined }), one);
      assert.notEqual(await hashOf({ write: (into) => writeFile(path.join(into, "Dockerfile"), "FROM b\n") }), one);
    });

    it("leaves nothing behind when writing fails, and says why", async () => {
      const fault = Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
      await isStagingFailed(() => prepareContext(content({ write: () => Promise.reject(fault) })), /ENOSPC/);
      assert.deepEqual(await readdir(".versioned-image"), [".gitignore"]);
    });

    it("writes a few at a time, however many are asked for", async () => {
      let [running, most] = [0, 0];
      const write = async (into: string) => {
        most = Math.max(most, ++running);
        await writeFile(path.join(into, "Dockerfile"), "FROM a\n");
        await new Promise(setImmediate);
        running--;
      };
      await Promise.all(Array.from({ length: 40 }, () => prepareContext(content({ write }))));
      assert.ok(most <= 4, `${most} at once`);
    });

    it("refuses what Docker would, behind a link and where the context is a part of the directory, and leaves nothing", async () => {
      const write = async (into: string) => {
        await mkdir(path.join(into, "part"));
        await writeFile(path.join(into, "Dockerfile"), "FROM a\n");
        await writeFile(path.join(into, "part", "real"), "FROM a AS x\nCOPPY b c\n");
        await symlink("real", path.join(into, "part", "Dockerfile"));
      };
      await assert.rejects(prepareContext(content({ context: "part", write })), {
        code: "DockerfileInvalid",
        message: "Unknown instruction COPPY (line 2 of Dockerfile).",
      });
      await assert.rejects(prepareContext(content({ target: "x", write })), {
        code: "DockerfileInvalid",
        message: 'Dockerfile has no stage "x" for build.target; none of its stages has a name.',
      });
      assert.deepEqual(await readdir(".versioned-image"), [".gitignore"]);
      const { discard } = await prepareContext(content({ write }));
      await discard();
    });

    it("refuses a Dockerfile that links to the outside", async () => {
      await writeFile("outside", "FROM a\n");
      const write = (into: string) => symlink(path.resolve("outside"), path.join(into, "Dockerfile"));
      await assert.rejects(
        prepareContext(content({ write })),
        (error) => error instanceof VersionedImageError && error.code === "DockerfileNotCovered",
      );
      assert.equal(await readFile("outside", "utf8"), "FROM a\n");
    });

    it("reads a Dockerfile where it is staged, and names it as the program does", async () => {
      const write = async (into: string) => {
        await mkdir(path.join(into, "context"));
        await mkdir(path.join(into, "dockerfile"));
        await writeFile(path.join(into, "dockerfile", "web.Dockerfile"), "COPPY b c\n");
      };
      const dockerfile = "../docker/web.Dockerfile";
      const staged = "../dockerfile/web.Dockerfile";
      await assert.rejects(prepareContext(content({ context: "context", dockerfile, staged, write })), {
        code: "DockerfileInvalid",
        message: "Unknown instruction COPPY (line 1 of ../docker/web.Dockerfile).",
      });
    });

    it("makes the Dockerfile of an image that exists, stage included", async () => {
      const image = `h/a@sha256:${"1".repeat(64)}`;
      const plain = await prepareContext(contentOfImage(image, "Dockerfile", undefined));
      assert.equal(await readFile(path.join(plain.directory, "Dockerfile"), "utf8"), `FROM ${image}\n`);
      const staged = await prepareContext(contentOfImage(image, "docker/web.Dockerfile", "web"));
      assert.match(
        await readFile(path.join(staged.directory, "docker/web.Dockerfile"), "utf8"),
        new RegExp(`^FROM ${image} AS web\n`, "i"),
      );
    });
  });

  for (const link of [".versioned-image", ".versioned-image/.gitignore", ".versioned-image/0123456789abcdef"]) {
    it(`refuses a link at ${link}, and touches nothing behind it`, async () => {
      await mkdir("elsewhere");
      await writeFile("elsewhere/old", "old");
      if (link !== ".versioned-image") {
        await mkdir(".versioned-image");
      }
      await symlink(path.resolve(link.endsWith("ignore") ? "elsewhere/old" : "elsewhere"), link);
      for (const work of [() => prepareContext(content()), () => ensureMarked(PLACE)]) {
        await isStagingFailed(work, `${path.resolve(link)} is a symbolic link`);
      }
      assert.deepEqual(await readdir("elsewhere"), ["old"]);
      assert.equal(await readFile("elsewhere/old", "utf8"), "old");
    });
  }

  describe("a place", () => {
    const { context, dockerfile } = contextOf(PLACE);

    async function fill(): Promise<void> {
      await fillPlace(PLACE, await prepareContext(content()));
    }

    async function isMarked(): Promise<void> {
      assert.equal(await readFile(dockerfile, "utf8"), "# h/a:1234567\n");
      assert.deepEqual(await readdir(context, { recursive: true }), ["Dockerfile"]);
      assert.equal((await stat(dockerfile)).mode & 0o777, 0o644);
    }

    it("is relative to the working directory, and named at random", () => {
      assert.deepEqual(contextOf(PLACE), {
        context: ".versioned-image/0123456789abcdef",
        dockerfile: ".versioned-image/0123456789abcdef/Dockerfile",
      });
      assert.match(newPlaceName(), /^[0-9a-f]{16}$/);
      assert.notEqual(newPlaceName(), newPlaceName());
    });

    it("has a Dockerfile from outside of the context within it, under a name of its own, as a marker and as the image that exists", async () => {
      const place = { ...PLACE, dockerfile: "../../docker/web.Dockerfile" };
      const at = contextOf(place);
      assert.deepEqual(at, {
        context: ".versioned-image/0123456789abcdef",
        dockerfile: ".versioned-image/0123456789abcdef/.versioned-image/web.Dockerfile",
      });
      await ensureMarked(place);
      assert.equal(await readFile(at.dockerfile, "utf8"), "# h/a:1234567\n");
      const { ino } = await stat(at.dockerfile);
      await ensureMarked(place);
      assert.equal((await stat(at.dockerfile)).ino, ino);
      await fillPlace(place, await prepareContext(contentOfImage("h/a", place.dockerfile, undefined)));
      assert.equal(await readFile(at.dockerfile, "utf8"), "FROM h/a\n");
      assert.deepEqual(await readdir(at.context), [".versioned-image"]);
    });

    it("holds a marker, whatever the umask, and is written once", async () => {
      const umask = process.umask(0o077);
      await ensureMarked(PLACE);
      process.umask(umask);
      await isMarked();
      const { ino } = await stat(dockerfile);
      await ensureMarked(PLACE);
      assert.equal((await stat(dockerfile)).ino, ino);
    });

    it("holds files just while they are built, and is locked as long", async () => {
      await ensureMarked(PLACE);
      await fill();
      assert.equal(await readFile(dockerfile, "utf8"), "FROM a\n");
      assert.equal(await readFile(path.join(context, "sub/run.sh"), "utf8"), "run");
      const locks = () => readdir(".versioned-image").then((names) => names.filter((name) => name.endsWith(".lock")));
      assert.equal((await locks()).length, 1);
      await emptyPlace(PLACE);
      await isMarked();
      assert.deepEqual(await locks(), []);
    });

    const damages: [what: string, damage: () => Promise<unknown>][] = [
      ["files of a build that was killed", fill],
      ["another marker", () => writeFile(dockerfile, "# h/a:7654321\n")],
      ["an added file", () => writeFile(path.join(context, "more"), "more")],
      ["an added folder", () => mkdir(path.join(context, "more"))],
      ["no marker", () => rm(dockerfile)],
      ["a folder for the marker", () => rm(dockerfile).then(() => mkdir(dockerfile))],
      ["nothing at all", () => rm(context, { recursive: true })],
      ["a file for the place", () => rm(context, { recursive: true }).then(() => writeFile(context, ""))],
    ];
    for (const [what, damage] of damages) {
      it(`is mended where it holds ${what}`, async () => {
        await ensureMarked(PLACE);
        await damage();
        await ensureMarked(PLACE);
        await isMarked();
      });
    }

    it("is left alone while another process builds from it, and mended after", async () => {
      await ensureMarked(PLACE);
      await fill();
      const [lock = ""] = (await readdir(".versioned-image")).filter((name) => name.endsWith(".lock"));
      const another = `.versioned-image/${lock.replace(/\.\d+-/, `.${process.ppid}-`)}`;
      await rename(`.versioned-image/${lock}`, another);
      await ensureMarked(PLACE);
      assert.equal(await readFile(dockerfile, "utf8"), "FROM a\n");
      await rm(another);
      await ensureMarked(PLACE);
      await isMarked();
    });

    it("is safe when several runs mark it at once", async () => {
      await Promise.all(Array.from({ length: 8 }, () => ensureMarked(PLACE)));
      await isMarked();
      assert.deepEqual((await readdir(".versioned-image")).sort(), [".gitignore", PLACE.name]);
    });

    it("is removed by its context, and nothing else is", async () => {
      await ensureMarked(PLACE);
      await mkdir("0123456789abcdef");
      for (const other of [
        undefined,
        7,
        "0123456789abcdef",
        ".versioned-image",
        ".versioned-image/../0123456789abcdef",
      ]) {
        await removePlace(other);
      }
      assert.deepEqual((await readdir(".")).sort(), [".versioned-image", "0123456789abcdef"]);
      await isMarked();
      await removePlace(context);
      assert.deepEqual(await readdir(".versioned-image"), [".gitignore"]);
    });
  });

  describe("in the next run", () => {
    /** How this process is named in what it has in use. */
    async function ownerName(): Promise<string> {
      const prepared = await prepareContext(content());
      const name = path.basename(path.dirname(prepared.directory));
      await prepared.discard();
      return name.split(".")[1] ?? "";
    }

    it("is cleared of what processes that have ended left, and of nothing else", async () => {
      const owner = await ownerName();
      const [, host = ""] = owner.split("-");
      const dead = `99999999-${host}`;
      await ensureMarked(PLACE);
      const names = {
        kept: ["other", `tmp.${owner}.aaaaaa`, "fedcba9876543210"],
        removed: [`tmp.${dead}.bbbbbb`, "aaaaaaaaaaaaaaaa"],
      };
      for (const name of [...names.kept, ...names.removed]) {
        await mkdir(path.join(".versioned-image", name));
      }
      await writeFile(`.versioned-image/fedcba9876543210.${owner}.lock`, "");
      await writeFile(`.versioned-image/aaaaaaaaaaaaaaaa.${dead}.lock`, "");
      // Of another machine, nobody knows; it may be at work.
      await writeFile(".versioned-image/bbbbbbbbbbbbbbbb.99999999-00000000.lock", "");
      await inNextRun();
      await (await prepareContext(content())).discard();
      assert.deepEqual(
        (await readdir(".versioned-image")).sort(),
        [
          ".gitignore",
          PLACE.name,
          ...names.kept,
          `fedcba9876543210.${owner}.lock`,
          "bbbbbbbbbbbbbbbb.99999999-00000000.lock",
        ].sort(),
      );
    });
  });
});
