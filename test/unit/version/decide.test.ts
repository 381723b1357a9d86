import * as assert from "node:assert/strict";
import fc from "fast-check";
import type { ErrorCode } from "../../../components/errors";
import { decideVersion, type Facts, TagPolicy, type VersionOptions } from "../../../components/version";
import { errorOf } from "../../support/assertError";

const COMMIT = "88d38d9".padEnd(40, "0");
const TREE = "7ee".padEnd(40, "1");

const FACTS: Facts = {
  root: "/repo",
  context: "app",
  paths: ["app"],
  files: ["app"],
  dockerfile: "app/Dockerfile",
  contexts: {},
  bases: {},
  dockerfileOnDisk: true,
  dockerfileCommitted: true,
  commit: { hash: COMMIT, subject: "Fix worker", author: "Ada", committedAt: new Date(0) },
  missing: [],
  tree: TREE,
  shallow: false,
  uncommitted: [],
  hidden: [],
  leftOut: ["app/large"],
  ignored: ["app/secret.key"],
  uninitialized: [],
  remote: "https://h.example/r",
  revision: undefined,
};

const OPTIONS: VersionOptions = { debug: false, tagPolicy: TagPolicy.Commit, tagLength: 7 };

const CHANGES = Array.from({ length: 12 }, (_, index) => ({ status: "??", path: `app/${index}` }));

function decide(facts: Partial<Facts> = {}, options: Partial<VersionOptions> = {}) {
  return decideVersion({ ...FACTS, ...facts }, { ...OPTIONS, ...options });
}

describe("decideVersion", () => {
  it("carries on what git says", () => {
    assert.deepEqual(decide(), {
      tag: "88d38d9",
      debug: false,
      commit: COMMIT,
      tree: TREE,
      subject: "Fix worker",
      author: "Ada",
      committedAt: new Date(0),
      uncommitted: [],
      leftOut: ["app/large"],
      ignored: ["app/secret.key"],
      root: "/repo",
      context: "app",
      paths: ["app"],
      files: ["app"],
      dockerfile: "app/Dockerfile",
      contexts: {},
      bases: {},
      remote: "https://h.example/r",
      revision: undefined,
    });
  });

  it("refuses a base of another repository, whatever else is missing", async () => {
    const bases = { BASE: { covers: ["images/base"], tree: undefined } };
    const lacking = {
      paths: ["app", "images/base"],
      bases,
      missing: ["images/base"],
      commit: undefined,
      tree: undefined,
    };
    assert.equal(
      await errorOf("InvalidArgument", async () => decide(lacking)),
      "build.bases.BASE covers images/base, which is not in git's history (HEAD in /repo), but a base must be an image of this repository. Name " +
        "any other image by its digest, in build.contexts or in the Dockerfile's FROM.",
    );
    const within = { ...lacking, paths: ["app"], missing: [], commit: FACTS.commit, tree: TREE };
    assert.match(
      await errorOf("InvalidArgument", async () => decide(within)),
      /^build\.bases\.BASE covers images\/base,/,
    );
    const more = { ...lacking, missing: ["app", "images/base"] };
    assert.match(
      await errorOf("NeverCommitted", async () => decide(more)),
      /^app, images\/base is not in git's history/,
    );
  });

  for (const [tagPrefix, why] of [
    ["-", "a tag starts with a letter"],
    ["a/b-", "a tag starts with a letter"],
    [" ", "a tag starts with a letter"],
    ["git-1", "the start of the hash would be ambiguous"],
    ["release", "the start of the hash would be ambiguous"],
    ["scratch-", "this prefix is reserved for scratch tags"],
    ["x".repeat(83), "it can have at most 82 characters"],
  ] as const) {
    it(`refuses the prefix ${JSON.stringify(tagPrefix)}`, async () => {
      const message = await errorOf("InvalidArgument", async () => decide({}, { tagPrefix }));
      assert.ok(message.startsWith(`tagPrefix is ${JSON.stringify(tagPrefix)}: ${why}`), message);
    });
  }

  it("takes the longest prefix, and no tag is too long", () => {
    const { tag } = decide({}, { tagPrefix: "x".repeat(82), tagLength: 40, debug: true });
    assert.equal(tag.length, 128);
  });

  const tags: [what: string, facts: Partial<Facts>, options: Partial<VersionOptions>, tag: string][] = [
    ["a longer tag", {}, { tagLength: 12 }, COMMIT.slice(0, 12)],
    ["the longest tag", {}, { tagLength: 40 }, COMMIT],
    ["a debug tag", {}, { debug: true }, "88d38d9-debug"],
    ["a tag with a prefix", {}, { tagPrefix: "git-" }, "git-88d38d9"],
    ["a debug tag with a prefix", {}, { tagPrefix: "v1.x", debug: true, tagLength: 9 }, "v1.x88d38d900-debug"],
    [
      "a debug tag with changes",
      { uncommitted: CHANGES, hidden: ["x"], uninitialized: ["y"] },
      { debug: true },
      "88d38d9-debug",
    ],
    ["a tag of the tree", {}, { tagPolicy: TagPolicy.Tree }, "7ee1111"],
    ["a debug tag of the tree", {}, { tagPolicy: TagPolicy.Tree, debug: true }, "7ee1111-debug"],
    ["a tag of the tree in a shallow clone", { shallow: true }, { tagPolicy: TagPolicy.Tree }, "7ee1111"],
    [
      "a debug tag though the Dockerfile is not committed",
      { dockerfileCommitted: false },
      { debug: true },
      "88d38d9-debug",
    ],
    ["a tag though the Dockerfile is not on disk", { dockerfileOnDisk: false }, {}, "88d38d9"],
  ];
  for (const [what, facts, options, tag] of tags) {
    it(`gives ${what}`, () => assert.equal(decide(facts, options).tag, tag));
  }

  const refusals: [
    what: string,
    facts: Partial<Facts>,
    options: Partial<VersionOptions>,
    code: ErrorCode,
    words: RegExp,
  ][] = [
    ["no commit", { commit: undefined }, {}, "NeverCommitted", /^app is not in git's history \(HEAD in \/repo\)/],
    [
      "no commit, in debug",
      { commit: undefined },
      { debug: true },
      "NeverCommitted",
      /a debug image needs a commit, too/,
    ],
    [
      "a missing path",
      { commit: undefined, tree: undefined, missing: ["app/a", ""] },
      {},
      "NeverCommitted",
      /^app\/a, \. is not/,
    ],
    [
      "no Dockerfile at a path of its own",
      { missing: ["docker/Dockerfile"], dockerfile: "docker/Dockerfile", dockerfileOnDisk: false, commit: undefined },
      {},
      "DockerfileNotFound",
      /^There is no docker\/Dockerfile in the last commit\./,
    ],
    [
      "a Dockerfile at a path of its own that was never committed, in debug",
      { missing: ["docker/Dockerfile"], dockerfile: "docker/Dockerfile", commit: undefined },
      { debug: true },
      "NeverCommitted",
      /^docker\/Dockerfile is not in git's history/,
    ],
    [
      "changes",
      { uncommitted: CHANGES.slice(0, 2) },
      {},
      "UncommittedChanges",
      /uncommitted changes:\n {2}\?\? app\/0\n {2}\?\? app\/1\nCommit.*debug \(--debug\)/,
    ],
    ["many changes", { uncommitted: CHANGES }, {}, "UncommittedChanges", /app\/9\n {2}and 2 more\n/],
    [
      "changes at the root",
      { context: "", uncommitted: CHANGES },
      {},
      "UncommittedChanges",
      /^\/repo has uncommitted changes/,
    ],
    [
      "hidden changes",
      { hidden: ["app/x"] },
      {},
      "HiddenChanges",
      /app\/x\nRun `git update-index --no-assume-unchanged/,
    ],
    [
      "a submodule that is not there",
      { uninitialized: ["app/v"] },
      {},
      "SubmoduleNotInitialized",
      /app\/v\nRun `git submodule update --init/,
    ],
    [
      "no Dockerfile in the commit",
      { dockerfileCommitted: false },
      {},
      "DockerfileNotFound",
      /^There is no app\/Dockerfile in the last commit/,
    ],
    [
      "no Dockerfile on disk",
      { dockerfileOnDisk: false },
      { debug: true },
      "DockerfileNotFound",
      /^There is no app\/Dockerfile on disk in \/repo/,
    ],
    [
      "a shallow clone",
      { shallow: true },
      {},
      "ShallowHistory",
      /ends at commit 88d38d9.*git fetch --unshallow.*fetch-depth: 0.*tagPolicy to Tree/,
    ],
    ["a tag too short", {}, { tagLength: 6 }, "InvalidArgument", /^tagLength is 6\. Use a whole number from 7 to 40/],
    ["a tag too long", {}, { tagLength: 41 }, "InvalidArgument", /^tagLength is 41/],
    ["a broken length", {}, { tagLength: 7.5 }, "InvalidArgument", /^tagLength is 7\.5/],
  ];
  for (const [what, facts, options, code, words] of refusals) {
    it(`refuses ${what}`, async () => assert.match(await errorOf(code, () => decide(facts, options)), words));
  }

  it("gives a valid tag that begins with the hash, for whatever it accepts", () => {
    const hash = fc.stringMatching(/^[0-9a-f]{40}$/);
    fc.assert(
      fc.property(
        hash,
        hash,
        fc.boolean(),
        fc.integer({ min: 7, max: 40 }),
        fc.constantFrom(...Object.values(TagPolicy)),
        (commit, tree, debug, tagLength, tagPolicy) => {
          const { tag } = decide(
            { commit: { ...FACTS.commit, hash: commit } as Facts["commit"], tree },
            { debug, tagLength, tagPolicy },
          );
          assert.match(tag, /^[0-9a-f]{7,40}(-debug)?$/);
          assert.equal(tag.endsWith("-debug"), debug);
          assert.ok((tagPolicy === TagPolicy.Tree ? tree : commit).startsWith(tag.replace("-debug", "")));
          assert.equal(tag.replace("-debug", "").length, tagLength);
        },
      ),
    );
  });
});
