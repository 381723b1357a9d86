import * as assert from "node:assert/strict";
import * as path from "node:path";
import { fakeRegistries, type Reply } from "../../support/fakeRegistry";
import type { Repo } from "../../support/repo";
import {
  BUILD,
  CREATED,
  cli,
  cliJson,
  DIRTY,
  digestOf,
  INDEX,
  labelsOf,
  MANIFEST,
  marked,
  REVISION,
  repositories,
  SOURCE,
  sha256,
  shelf,
  TREE,
} from "./setup";

interface CheckJson {
  name: string;
  result: string;
  message: string;
}

describe("versioned-image verify", () => {
  const { withImage, keep } = repositories();
  const start = fakeRegistries();

  async function serving(tag: string, labels: Record<string, string>): Promise<string> {
    const registry = await start(shelf([{ tags: [tag], labels }]));
    return `${registry.host}/app:${tag}`;
  }

  /** An image of the last commit, labelled as the component does, with these changes. */
  async function imageOf(made: Repo, changes: Record<string, string | undefined> = {}, tag?: string): Promise<string> {
    const commit = made.head();
    const labels = { ...labelsOf(made, commit, "images/app"), ...changes };
    const stated = Object.entries(labels).filter((label): label is [string, string] => label[1] !== undefined);
    return serving(tag ?? commit.slice(0, 7), Object.fromEntries(stated));
  }

  /** Whether it is verified, and each check as "name: result", with the one that is named in full. */
  async function checks(argv: string[], named?: string): Promise<{ status: number; found: string[]; message: string }> {
    const { status, json } = await cliJson(["verify", ...argv]);
    assert.equal(json.consistent, status === 0, JSON.stringify(json));
    const found = (json.checks as CheckJson[]).map(({ name, result }) => `${name}: ${result}`);
    const message = (json.checks as CheckJson[]).find(({ name }) => name === named)?.message ?? "";
    return { status, found, message };
  }

  const VERIFIED = [
    "digest: proven",
    "commit: proven",
    "time: proven",
    "tree: proven",
    "history: proven",
    "tag: proven",
    "content: unproven",
  ];

  it("says what is proven of an image, and what is not", async () => {
    const made = withImage();
    const commit = made.head();
    const tree = made.git("rev-parse", "HEAD:images/app");
    const reference = await imageOf(made);
    made.write("images/app/main", "two\n").add().commit("Say two").write("images/app/main", "dirty\n");
    const { json } = await cliJson(["verify", reference]);
    assert.deepEqual(await cli(["verify", reference]), {
      status: 0,
      err: "",
      out: `${reference}
${json.digest}

Proven
  digest   the registry serves ${json.digest}, and the image's manifest and configuration match it
  commit   its commit ${commit} ("Add the image", by Ada, 2024-01-01 00:01 UTC) is in this repository
  time     its time 2024-01-01T00:01:00Z is the commit's
  tree     its tree ${tree} is images/app at that commit
  history  that commit touched images/app
  tag      ${commit.slice(0, 7)} is the beginning of that commit

Not proven
  content  that the files in the image are those of the commit: labels don't prove it, but a rebuild does (--rebuild)

Consistent: the image's labels match git.
`,
    });
  });

  it("prints the whole of it as JSON", async () => {
    const made = withImage();
    const commit = made.head();
    const labels = labelsOf(made, commit, "images/app");
    const registry = await start(shelf([{ tags: ["t"], labels }]));
    const digest = await digestOf(registry, "t");
    const { status, json } = await cliJson(["verify", `${registry.host}/app:t`]);
    const { checks: found, ...rest } = json;
    assert.equal(status, 0);
    assert.deepEqual(rest, {
      consistent: true,
      verified: false,
      repository: `${registry.host}/app`,
      tag: "t",
      digest,
      commit: { hash: commit, subject: "Add the image", author: "Ada", committedAt: "2024-01-01T00:01:00.000Z" },
      labels,
    });
    assert.deepEqual(found[0], {
      name: "digest",
      result: "proven",
      message: `the registry serves ${digest}, and the image's manifest and configuration match it`,
      required: true,
    });
    assert.deepEqual(found[5], {
      name: "tag",
      result: "unproven",
      message: "t is not a version tag, so it can move to another image at any time",
      required: false,
    });
  });

  it("checks the directory that is named", async () => {
    const made = withImage();
    const reference = await imageOf(made);
    assert.deepEqual(await checks([reference, "--context", "images/app"], "tree"), {
      status: 0,
      found: VERIFIED,
      message: `its tree ${made.git("rev-parse", "HEAD:images/app")} is images/app at that commit`,
    });
    process.chdir("/");
    assert.equal((await checks([reference, "--context", made.path("images/app")])).status, 0);
  });

  it("finds another directory's image, or one of a directory that the commit does not have, out", async () => {
    const made = withImage().write("images/other/Dockerfile", "FROM scratch\n").add().commit("Add another");
    const first = made.git("rev-parse", "HEAD~1");
    const reference = await serving(first.slice(0, 7), labelsOf(made, first, "images/app"));
    const tree = made.git("rev-parse", "HEAD:images/app");
    const other = await checks([reference, "--context", "images/other"], "tree");
    assert.deepEqual(other, {
      status: 1,
      found: [...VERIFIED.slice(0, 3), "tree: contradicted", ...VERIFIED.slice(5)],
      message: `its tree is ${tree}, but that commit does not have images/other`,
    });
    const parent = await checks([reference, "--context", "images"], "tree");
    assert.equal(parent.status, 1);
    assert.equal(
      parent.message,
      `its tree is ${tree}, but images at that commit is ${made.git("rev-parse", "HEAD~1:images")}`,
    );
  });

  it("checks an image that is made of several paths", async () => {
    const made = withImage().write("images/app/notes", "x").add().commit("Add notes");
    const first = made.git("rev-parse", "HEAD~1");
    const listed = made.git("ls-tree", "--full-tree", "HEAD", "--", "images/app/Dockerfile", "images/app/main");
    const content = Buffer.from(
      listed
        .split("\n")
        .map((line) => `${line}\0`)
        .join(""),
    );
    made.write("listing", content);
    const tree = made.git("hash-object", "listing");
    const reference = await serving(first.slice(0, 7), { ...labelsOf(made, first, "images/app"), [TREE]: tree });
    const paths = ["--path", "Dockerfile", "--path", "main"];
    assert.deepEqual(await checks([reference, "--context", "images/app", ...paths], "tree"), {
      status: 0,
      found: VERIFIED,
      message: `its tree ${tree} is images/app/Dockerfile, images/app/main at that commit`,
    });
    const unnamed = await checks([reference], "tree");
    assert.deepEqual(unnamed, {
      status: 1,
      found: [...VERIFIED.slice(0, 3), "tree: unproven", ...VERIFIED.slice(5)],
      message:
        `its tree ${tree} is not a directory at that commit: if the image is made of several paths, ` +
        "name them with --context and --path",
    });
  });

  it("checks an image of the whole repository", async () => {
    const made = withImage().write("Dockerfile", "FROM scratch\n").add().commit("Add a Dockerfile");
    const labels = { ...labelsOf(made, made.head(), "images/app"), [TREE]: made.git("rev-parse", "HEAD^{tree}") };
    const reference = await serving(made.head().slice(0, 7), labels);
    for (const argv of [[reference], [reference, "--context", "."]]) {
      const { status, found, message } = await checks(argv, "history");
      assert.deepEqual([status, found, message], [0, VERIFIED, "that commit touched the whole repository"]);
    }
  });

  it("names all directories that have the content", async () => {
    const made = withImage();
    made.write("copy/Dockerfile", "FROM scratch\n").write("copy/main", "one\n").add().commit("Copy");
    const { status, message } = await checks([await imageOf(made)], "tree");
    assert.equal(status, 0);
    assert.match(message, / is copy or images\/app at that commit$/);
    const history = await checks([await imageOf(made)], "history");
    assert.equal(history.message, "that commit touched copy");
    made.write("images/app/more", "x").write("zebra/Dockerfile", "FROM scratch\n").write("zebra/main", "one\n");
    made.add().commit("Copy again");
    const [copies, zebra] = [labelsOf(made, made.head(), "copy"), made.head().slice(0, 7)];
    assert.equal((await checks([await serving(zebra, copies)], "history")).message, "that commit touched zebra");
  });

  it("says when the commit did not touch the directory", async () => {
    const made = withImage();
    const first = made.head();
    made.write("elsewhere", "x").add().commit("Elsewhere");
    assert.deepEqual(await checks([await imageOf(made)], "history"), {
      status: 1,
      found: [...VERIFIED.slice(0, 4), "history: contradicted", ...VERIFIED.slice(5)],
      message: `that commit did not touch images/app; the last earlier one that did is ${first}`,
    });
  });

  it("lets a version that is named after its tree be built from any commit that has it", async () => {
    const made = withImage().write("elsewhere", "x").add().commit("Elsewhere");
    const tree = made.git("rev-parse", "HEAD:images/app");
    assert.deepEqual(await checks([await imageOf(made, {}, tree.slice(0, 7))], "tag"), {
      status: 0,
      found: [...VERIFIED.slice(0, 4), ...VERIFIED.slice(5)],
      message: `${tree.slice(0, 7)} is the beginning of that tree`,
    });
  });

  it("has no proof of an image without labels", async () => {
    const made = withImage();
    const reference = await serving(made.head().slice(0, 7), {});
    const { status, out } = await cli(["verify", reference]);
    assert.equal(status, 1);
    assert.match(
      out,
      /\n {2}commit {3}the image has no label org\.opencontainers\.image\.revision, so its commit is unknown/,
    );
    assert.match(out, /\n {2}tree {5}the image has no label dev\.versioned-image\.tree, so its files are unknown/);
    assert.match(out, /\nNot consistent: no proof of commit, tree\.\n$/);
    assert.deepEqual((await checks([reference])).found, [
      "digest: proven",
      "commit: unproven",
      "tree: unproven",
      "tag: unproven",
      "content: unproven",
    ]);
  });

  it("has no proof of the tree of an image that another tool has labelled with its commit", async () => {
    const made = withImage();
    const reference = await imageOf(made, { [TREE]: undefined, [CREATED]: "2024-05-05T05:05:05Z" });
    for (const argv of [[reference], [reference, "--context", "images/app"]]) {
      assert.deepEqual((await checks(argv)).found, [
        "digest: proven",
        "commit: proven",
        "tree: unproven",
        "tag: proven",
        "content: unproven",
      ]);
    }
  });

  it("says when this repository does not have the commit, and what to do", async () => {
    const made = withImage();
    const commit = "1".repeat(40);
    const elsewhere = { [REVISION]: commit, [SOURCE]: "https://example.com/app" };
    assert.deepEqual(await checks([await imageOf(made, elsewhere, "1111111")], "commit"), {
      status: 1,
      found: ["digest: proven", "commit: unproven", "tree: unproven", "tag: proven", "content: unproven"],
      message:
        `its commit ${commit} is not in this repository: run git fetch, or run this in a clone of its ` +
        "own repository (https://example.com/app)",
    });
    process.chdir(keep(made.write("x", "x").add().commit().clone("--depth=1")).directory);
    const { message } = await checks([await imageOf(made, elsewhere, "1111111")], "commit");
    assert.equal(
      message,
      `its commit ${commit} is not in this repository: the clone is shallow, so run git fetch --unshallow`,
    );
  });

  it("does not take a shallow clone's last commit for the one that touched the directory", async () => {
    const made = withImage().write("elsewhere", "x").add().commit("Elsewhere");
    const reference = await imageOf(made);
    process.chdir(keep(made.clone("--depth=1")).directory);
    assert.deepEqual(await checks([reference], "history"), {
      status: 0,
      found: [...VERIFIED.slice(0, 4), "history: unproven", ...VERIFIED.slice(5)],
      message: "it is unknown whether that commit touched images/app: the clone is shallow and ends there",
    });
  });

  it("finds a tag out that is another commit's", async () => {
    const made = withImage();
    const { status, found, message } = await checks([await imageOf(made, {}, "2222222")], "tag");
    assert.equal(status, 1);
    assert.deepEqual(found, [...VERIFIED.slice(0, 5), "tag: contradicted", "content: unproven"]);
    assert.equal(message, "2222222 is neither the commit nor the tree in the image's labels");
  });

  it("finds a time out that is not the commit's", async () => {
    const made = withImage();
    for (const time of ["2024-01-01T00:01:01Z", "then"]) {
      const { status, found, message } = await checks([await imageOf(made, { [CREATED]: time })], "time");
      assert.equal(status, 1);
      assert.equal(found[2], "time: contradicted");
      assert.equal(message, `its time is ${time}, but the commit's is 2024-01-01T00:01:00.000Z`);
    }
  });

  it("never counts a debug image as verified", async () => {
    const made = withImage();
    const tag = `${made.head().slice(0, 7)}-debug`;
    const dirty = await checks([await imageOf(made, { [DIRTY]: "true" }, tag)], "content");
    assert.deepEqual(dirty, {
      status: 1,
      found: [...VERIFIED.slice(0, 6), "content: contradicted"],
      message: "it is a debug image, built from a directory with uncommitted changes",
    });
    const clean = await imageOf(made, { [DIRTY]: "false" }, tag);
    assert.deepEqual((await checks([clean])).found, VERIFIED);
    const { status, out } = await cli(["verify", clean]);
    assert.equal(status, 1);
    assert.match(out, /\nNot verified: no proof of content\.\n$/);
  });

  it("takes a label that says nothing for none", async () => {
    const made = withImage();
    const { status, found } = await checks([await imageOf(made, { [DIRTY]: "", [SOURCE]: "", [BUILD]: "" })]);
    assert.deepEqual([status, found], [0, VERIFIED]);
    const { message } = await checks([await imageOf(made, { [REVISION]: "2".repeat(40), [SOURCE]: "" })], "commit");
    assert.match(message, /of its own repository$/);
    const nothing = await checks([await imageOf(made, { [REVISION]: "", [TREE]: "" })], "commit");
    assert.equal(nothing.message, `the image has no label ${REVISION}, so its commit is unknown`);
  });

  it("builds nothing again of which no two builds are alike", async () => {
    const made = withImage();
    const labels = {
      ...labelsOf(made, made.head(), "images/app"),
      [BUILD]: "platform=linux/amd64 dockerfile=Dockerfile",
    };
    const registry = await start(shelf([{ tags: ["t"], labels, created: "2024-01-01T10:00:00Z" }]));
    const { status, message } = await checks([`${registry.host}/app:t`, "--rebuild"], "content");
    assert.equal(status, 1);
    assert.equal(
      message,
      "its builder wrote the build time into it, as Docker's does, so every build differs. Publish with " +
        "build.builder BuildKit for identical builds",
    );
  });

  it("builds nothing from a file that a label names outside of what the image's tree holds", async () => {
    const made = withImage();
    for (const dockerfile of ["../other/Dockerfile", "a/../../../x"]) {
      const reference = await imageOf(made, { [BUILD]: `platform=linux/amd64 dockerfile=${dockerfile}` });
      const { status, message } = await checks([reference, "--rebuild"], "content");
      assert.equal(status, 1);
      assert.equal(
        message,
        `its label says that it was built with ${path.posix.join("images/app", dockerfile)}, which is not among ` +
          "its paths (images/app)",
      );
    }
    for (const [dockerfile, code, words] of [
      ["../../../x", "OutsideRepository", ", which is outside the context's repository"],
      ["/etc/passwd", "InvalidArgument", ": name a file, relative to the context"],
    ] as const) {
      const reference = await imageOf(made, { [BUILD]: `platform=linux/amd64 dockerfile=${dockerfile}` });
      const { status, json } = await cliJson(["verify", reference, "--rebuild"], { env: { PATH: "/nonexistent" } });
      assert.equal(status, 1);
      assert.equal(json.error.code, code);
      assert.ok(json.error.message.startsWith(`dockerfile names ${JSON.stringify(dockerfile)}${words}`));
    }
  });

  it("has no proof of an index that holds what is not understood", async () => {
    const made = withImage();
    const labels = labelsOf(made, made.head(), "images/app");
    const held = await start(shelf([{ tags: ["t"], labels }]));
    const image = { mediaType: MANIFEST, digest: await digestOf(held, "t"), size: 1 };
    const amd64 = { os: "linux", architecture: "amd64" };
    for (const [entry, words] of [
      [{ ...image, artifactType: "application/x" }, "application/x"],
      [{ ...image, digest: "blake3:aa" }, 'an entry with the digest "blake3:aa"'],
      [{ ...image, platform: { os: "unknown", architecture: "unknown" } }, "something for an unknown platform"],
      [7, "an entry with the digest (none)"],
    ] as const) {
      const body = JSON.stringify({ schemaVersion: 2, manifests: [{ ...image, platform: amd64 }, entry] });
      const digest = sha256(body);
      const served: Reply = { status: 200, headers: { "content-type": INDEX, "docker-content-digest": digest }, body };
      const registry = await start(
        shelf([{ tags: ["t"], labels }], { "/v2/app/manifests/i": served, [`/v2/app/manifests/${digest}`]: served }),
      );
      const { status, message } = await checks([`${registry.host}/app:i`], "platforms");
      assert.equal(status, 1);
      assert.equal(message, `the index also has unknown entries, which may be run: ${words}`);
    }
  });

  it("says what is wrong with an index of which one image can't be read, where another was asked for", async () => {
    const made = withImage();
    const labels = labelsOf(made, made.head(), "images/app");
    const image = {
      mediaType: MANIFEST,
      digest: await digestOf(await start(shelf([{ tags: ["t"], labels }])), "t"),
      size: 1,
    };
    const odd = { mediaType: MANIFEST, digest: sha256("no JSON"), size: 7 };
    const body = JSON.stringify({
      schemaVersion: 2,
      manifests: [
        { ...image, platform: { os: "linux", architecture: "amd64" } },
        { ...odd, platform: { os: "linux", architecture: "arm64" } },
      ],
    });
    const served = (type: string, content: string): Reply => ({
      status: 200,
      headers: { "content-type": type, "docker-content-digest": sha256(content) },
      body: content,
    });
    const answer = shelf([{ tags: ["t"], labels }], {
      "/v2/app/manifests/i": served(INDEX, body),
      [`/v2/app/manifests/${sha256(body)}`]: served(INDEX, body),
      [`/v2/app/manifests/${odd.digest}`]: served(MANIFEST, "no JSON"),
    });
    let isRead = () => {};
    const read = new Promise<void>((resolve) => {
      isRead = resolve;
    });
    const registry = await start(async (request) => {
      // The labels come when all else is known.
      await (request.url.includes("/blobs/") ? read : undefined);
      if (request.url.endsWith(odd.digest)) {
        setTimeout(isRead, 100);
      }
      return answer(request);
    });
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", note);
    try {
      const { status, json } = await cliJson(["verify", `${registry.host}/app:i`, "--platform", "linux/amd64"]);
      assert.equal(status, 1);
      assert.equal(json.error.code, "RegistryProtocol");
      // It would end the program before it says so.
      assert.deepEqual(unhandled, []);
    } finally {
      process.off("unhandledRejection", note);
    }
  });

  it("finds a debug image out that was pushed under a production tag", async () => {
    const made = withImage();
    const { status, message } = await checks([await imageOf(made, { [DIRTY]: "false" })], "tag");
    assert.equal(status, 1);
    assert.equal(message, `${made.head().slice(0, 7)} is a production tag, but the image is a debug image`);
  });

  it("checks that the tag still is the digest that is named", async () => {
    const made = withImage();
    const tag = made.head().slice(0, 7);
    const labels = labelsOf(made, made.head(), "images/app");
    const registry = await start(
      shelf([
        { tags: [tag], labels },
        { tags: ["other"], labels: {} },
      ]),
    );
    const [digest, other] = [await digestOf(registry, tag), await digestOf(registry, "other")];
    const repository = `${registry.host}/app`;
    assert.equal((await checks([`${repository}:${tag}@${digest}`])).status, 0);
    assert.deepEqual(
      (await checks([`${repository}@${digest}`])).found,
      VERIFIED.filter((line) => line !== "tag: proven"),
    );
    const moved = await checks([`${repository}:other@${digest}`], "digest");
    assert.equal(moved.status, 1);
    assert.equal(moved.message, `the registry serves ${other} under other, not ${digest}`);
    const { status, out } = await cli(["verify", `${repository}:other@${digest}`], { color: true });
    assert.equal(status, 1);
    assert.match(marked(out), /\n<32>Proven<39>\n/);
    assert.match(marked(out), /\n<31>Contradicted<39>\n {2}digest {2}the registry serves /);
    assert.match(marked(out), /\n<33>Not proven<39>\n/);
    assert.match(marked(out), /\n<31>Not consistent: something is contradicted\.<39>\n$/);
  });

  it("is an error where the registry has no such image", async () => {
    withImage();
    const registry = await start(shelf([{ tags: ["there"] }]));
    const repository = `${registry.host}/app`;
    const digest = sha256("x");
    for (const [reference, missing] of [
      [`${repository}:gone`, "gone"],
      [`${repository}@${digest}`, digest],
      [`${repository}:there@${digest}`, digest],
    ] as const) {
      assert.deepEqual((await cliJson(["verify", reference])).json.error, {
        code: "ImageNotFound",
        message: `The registry has no ${missing} in ${repository}. See what it has with: versioned-image tags ${repository}`,
      });
    }
  });

  it("is an error where there is no git repository", async () => {
    process.chdir("/");
    const registry = await start(() => ({ status: 500 }));
    const { status, err } = await cli(["verify", `${registry.host}/app:t`]);
    assert.equal(status, 1);
    assert.match(err, / \[NotARepository\]\n$/);
    assert.deepEqual(registry.requests, []);
  });

  it("shows a terminal no control characters of labels", async () => {
    withImage();
    const reference = await serving("t", { [REVISION]: "\u001b[2J", [SOURCE]: "\u202e" });
    const { out } = await cli(["verify", reference]);
    assert.match(out, /its commit \\u\{1b\}\[2J is .* \(\\u\{202e\}\)\n/);
  });
});
