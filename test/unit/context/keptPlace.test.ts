import * as assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import {
  ensureFilled,
  keptContextOf,
  makeLayout,
  newPlaceName,
  placeOf,
  prepareContext,
  removePlace,
  setInUse,
} from "../../../components/context";

describe("a place whose files are kept", () => {
  let home: string;
  let directory: string;
  let prepared: number;

  beforeEach(() => {
    home = process.cwd();
    directory = mkdtempSync(path.join(tmpdir(), "kept-"));
    process.chdir(directory);
    prepared = 0;
  });

  afterEach(() => {
    process.chdir(home);
    rmSync(directory, { recursive: true });
  });

  const place = (owner = "urn:app image") => ({
    ...{
      name: newPlaceName(),
      folder: newPlaceName(),
      dockerfile: "build/Dockerfile",
      contexts: ["h.example/base:1", "lib"],
      owner,
    },
  });

  function prepare(text: string) {
    return async () => {
      prepared++;
      return prepareContext({
        dockerfile: "build/Dockerfile",
        target: undefined,
        context: "context",
        mtime: undefined,
        write: async (into) => {
          const { context, named } = await makeLayout(into, ["h.example/base:1", "lib"]);
          for (const folder of [context, named("lib"), named("h.example/base:1")]) {
            writeFileSync(path.join(folder, "file"), text);
          }
          mkdirSync(path.join(context, "build"));
          writeFileSync(path.join(context, "build", "Dockerfile"), "FROM a\n");
        },
      });
    };
  }

  it("has the context and the named contexts beside each other", async () => {
    const kept = { ...place(), ...placeOf("0123456789abcdef/fedcba9876543210") };
    assert.deepEqual(keptContextOf(kept), {
      context: ".versioned-image/0123456789abcdef/fedcba9876543210",
      dockerfile: ".versioned-image/0123456789abcdef/fedcba9876543210/build/Dockerfile",
      named: {
        "h.example/base:1": ".versioned-image/0123456789abcdef/contexts/h.example%2Fbase%3A1",
        lib: ".versioned-image/0123456789abcdef/contexts/lib",
      },
    });
    assert.equal(
      keptContextOf({ ...kept, dockerfile: "../../docker/web.Dockerfile" }).dockerfile,
      ".versioned-image/0123456789abcdef/dockerfile/web.Dockerfile",
    );
    // As the states of earlier releases have it.
    assert.equal(
      keptContextOf({ ...kept, ...placeOf("0123456789abcdef") }).context,
      ".versioned-image/0123456789abcdef/context",
    );
    await ensureFilled(kept, "one", prepare("1"));
    const { context, named = {} } = keptContextOf(kept);
    for (const folder of [context, ...Object.values(named)]) {
      assert.equal(readFileSync(path.join(folder, "file"), "utf8"), "1");
    }
  });

  it("is filled once for a key, anew for another one, and anew where the files or what says so are gone", async () => {
    const kept = place();
    const { context } = keptContextOf(kept);
    const text = () => readFileSync(path.join(context, "file"), "utf8");
    await ensureFilled(kept, "one", prepare("1"));
    await ensureFilled(kept, "one", prepare("unused"));
    assert.deepEqual([prepared, text()], [1, "1"]);
    await ensureFilled(kept, "two", prepare("2"));
    assert.deepEqual([prepared, text()], [2, "2"]);
    rmSync(path.dirname(context), { recursive: true });
    await ensureFilled(kept, "two", prepare("3"));
    assert.deepEqual([prepared, text()], [3, "3"]);
    rmSync(`.versioned-image/${kept.name}.filled`);
    await ensureFilled(kept, "two", prepare("4"));
    assert.deepEqual([prepared, text()], [4, "4"]);
    assert.deepEqual(readdirSync(".versioned-image").sort(), [".gitignore", kept.name, `${kept.name}.filled`].sort());
  });

  it("does not say that it is filled where that failed", async () => {
    const kept = place();
    await ensureFilled(kept, "one", prepare("1"));
    await assert.rejects(
      ensureFilled(kept, "two", async () => {
        throw new Error("disk full");
      }),
      /disk full/,
    );
    await ensureFilled(kept, "one", prepare("again"));
    assert.equal(readFileSync(path.join(keptContextOf(kept).context, "file"), "utf8"), "1");
  });

  it("is left alone while another process builds from it", async () => {
    const kept = place();
    await ensureFilled(kept, "one", prepare("1"));
    // A process that runs: this one's parent.
    const lock = `.versioned-image/${kept.name}.${process.ppid}-00000000.lock`;
    writeFileSync(lock, "");
    await ensureFilled(kept, "two", prepare("2"));
    assert.equal(readFileSync(path.join(keptContextOf(kept).context, "file"), "utf8"), "1");
    rmSync(lock);
    await setInUse(kept, true);
    await ensureFilled(kept, "two", prepare("2"));
    await setInUse(kept, false);
    assert.equal(readFileSync(path.join(keptContextOf(kept).context, "file"), "utf8"), "2");
    assert.deepEqual(readdirSync(".versioned-image").sort(), [".gitignore", kept.name, `${kept.name}.filled`].sort());
  });

  it("takes the place of what its owner left a day ago, and of nobody else's", async () => {
    const [old, recent, foreign, filled] = [place(), place(), place("urn:web image"), place()];
    for (const each of [old, recent, foreign]) {
      await ensureFilled(each, "one", prepare("1"));
    }
    const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);
    for (const [each, hours] of [
      [old, 25],
      [recent, 23],
      [foreign, 99],
    ] as const) {
      utimesSync(`.versioned-image/${each.name}.filled`, hoursAgo(hours), hoursAgo(hours));
    }
    await ensureFilled(filled, "two", prepare("2"));
    const left = readdirSync(".versioned-image").filter((name) => /^[0-9a-f]{16}$/.test(name));
    assert.deepEqual(left.sort(), [recent.name, foreign.name, filled.name].sort());
  });

  it("is removed with what says that it is filled, and nothing else ever is", async () => {
    const [kept, old] = [place(), { ...place(), folder: "context" }];
    await ensureFilled(kept, "one", prepare("1"));
    await ensureFilled(old, "one", prepare("1"));
    mkdirSync("context");
    for (const context of [
      undefined,
      "context",
      `${kept.name}/context`,
      `.versioned-image/${kept.name}/contexts`,
      ".versioned-image",
      ".versioned-image/context",
      7,
    ]) {
      await removePlace(context);
    }
    assert.ok(existsSync("context") && existsSync(keptContextOf(kept).context));
    await removePlace(keptContextOf(kept).context);
    await removePlace(keptContextOf(old).context);
    assert.deepEqual(readdirSync(".versioned-image"), [".gitignore"]);
  });
});
