import * as assert from "node:assert/strict";
import { fakeRegistries } from "../../support/fakeRegistry";
import { Repo, scratch } from "../../support/repo";
import {
  CREATED,
  cli,
  cliJson,
  DIRTY,
  digestOf,
  labelsOf,
  marked,
  REVISION,
  repositories,
  SOURCE,
  sha256,
  shelf,
  TREE,
} from "./setup";

const UNKNOWN = "1".repeat(40);

describe("versioned-image tags", () => {
  const { withImage, keep } = repositories();
  const start = fakeRegistries();

  /** A repository of two commits, and a registry with images of both and of others. */
  async function example() {
    const repository = withImage();
    const first = repository.head();
    repository.write("images/app/main", "two\n").add().commit("Say two");
    const second = repository.head();
    const registry = await start(
      shelf([
        {
          tags: [first.slice(0, 7)],
          labels: { ...labelsOf(repository, first, "images/app"), [SOURCE]: "https://example.com/app" },
          created: "2024-01-01T10:00:00Z",
        },
        {
          tags: ["stable", second.slice(0, 7)],
          labels: labelsOf(repository, second, "images/app"),
          created: "2024-01-02T10:00:00Z",
        },
        {
          tags: [`${second.slice(0, 7)}-debug`],
          labels: { ...labelsOf(repository, second, "images/app"), [DIRTY]: "true" },
          created: "2024-01-02T11:00:00Z",
        },
        { tags: ["1111111"], labels: { [REVISION]: UNKNOWN }, created: "2024-01-01T09:00:00.5Z" },
        { tags: ["latest"] },
      ]),
    );
    return { repository, first, second, registry };
  }

  it("lists what the registry holds, newest first, an image a line", async () => {
    const { repository, first, second, registry } = await example();
    const short = async (tag: string) => (await digestOf(registry, tag)).slice(0, 19);
    const [one, two] = [first.slice(0, 7), second.slice(0, 7)];
    const tags = [two, "stable"].sort().join(", ");
    assert.deepEqual(await cli(["tags", `${registry.host}/app`]), {
      status: 0,
      err: "",
      out: [
        `${registry.host}/app: 5 images, 6 tags`,
        "",
        "TAGS             DIGEST               TIME                  COMMIT",
        `${two}-debug    ${await short(`${two}-debug`)}  2024-01-02 11:00 UTC  ${second.slice(0, 12)} Say two  [debug, with uncommitted changes]`,
        `${tags}  ${await short(two)}  2024-01-02 10:00 UTC  ${second.slice(0, 12)} Say two`,
        `${one}          ${await short(one)}  2024-01-01 10:00 UTC  ${first.slice(0, 12)} Add the image`,
        `1111111          ${await short("1111111")}  2024-01-01 09:00 UTC  111111111111 (not in this repository)`,
        `latest           ${await short("latest")}  (no time)             (no commit label)`,
        "",
        `Commits were looked up in ${repository.directory}.`,
        "",
      ].join("\n"),
    });
  });

  it("prints the whole of it as JSON", async () => {
    const { repository, first, second, registry } = await example();
    const commit = (hash: string, subject: string, committedAt: string) => ({
      hash,
      subject,
      author: "Ada",
      committedAt,
    });
    const tree = (hash: string) => repository.git("rev-parse", `${hash}:images/app`);
    const nothing = { scratchTags: [], source: null, madeOf: null, dirty: null, problem: null };
    const { status, json } = await cliJson(["tags", `${registry.host}/app`]);
    assert.equal(status, 0);
    assert.deepEqual(json, {
      repository: `${registry.host}/app`,
      git: { root: repository.directory, shallow: false },
      images: [
        {
          ...nothing,
          digest: await digestOf(registry, `${second.slice(0, 7)}-debug`),
          tags: [`${second.slice(0, 7)}-debug`],
          time: "2024-01-02T11:00:00.000Z",
          revision: second,
          commit: commit(second, "Say two", "2024-01-01T00:02:00.000Z"),
          inRepository: true,
          tree: tree(second),
          debug: true,
          dirty: true,
        },
        {
          ...nothing,
          digest: await digestOf(registry, "stable"),
          tags: ["stable", second.slice(0, 7)].sort(),
          time: "2024-01-02T10:00:00.000Z",
          revision: second,
          commit: commit(second, "Say two", "2024-01-01T00:02:00.000Z"),
          inRepository: true,
          tree: tree(second),
          debug: false,
        },
        {
          ...nothing,
          digest: await digestOf(registry, first.slice(0, 7)),
          tags: [first.slice(0, 7)],
          time: "2024-01-01T10:00:00.000Z",
          revision: first,
          commit: commit(first, "Add the image", "2024-01-01T00:01:00.000Z"),
          inRepository: true,
          tree: tree(first),
          source: "https://example.com/app",
          debug: false,
        },
        {
          ...nothing,
          digest: await digestOf(registry, "1111111"),
          tags: ["1111111"],
          time: "2024-01-01T09:00:00.500Z",
          revision: UNKNOWN,
          commit: null,
          inRepository: false,
          tree: null,
          debug: false,
        },
        {
          ...nothing,
          digest: await digestOf(registry, "latest"),
          tags: ["latest"],
          time: null,
          revision: null,
          commit: null,
          inRepository: null,
          tree: null,
          debug: false,
        },
      ],
      dangling: [],
      notTags: [],
    });
  });

  it("asks the registry for each tag's digest, and for what each image says once", async () => {
    const { registry } = await example();
    await cli(["tags", `${registry.host}/app`]);
    const count = (pattern: RegExp) => registry.requests.filter((request) => pattern.test(request)).length;
    assert.equal(count(/^GET \/v2\/app\/tags\/list/), 1);
    assert.equal(count(/^HEAD \/v2\/app\/manifests\//), 6);
    assert.equal(count(/^GET \/v2\/app\/manifests\/sha256:/), 5);
    assert.equal(count(/^GET \/v2\/app\/blobs\/sha256:/), 5);
  });

  it("has a line for each tag under which there is no image, or what can't be read", async () => {
    withImage();
    const held = (type: string, body: string, digest = sha256(body)) => ({
      status: 200,
      headers: { "content-type": type, "docker-content-digest": digest },
      body,
    });
    const schema1 = held("application/vnd.docker.distribution.manifest.v1+json", '{"schemaVersion":1}');
    const artifact = held("application/vnd.oci.artifact.manifest.v1+json", '{"artifactType":"text/x"}');
    const registry = await start(
      shelf([{ tags: ["latest"] }], {
        "/v2/app/tags/list?n=1000": { status: 200, body: { tags: ["latest", "page", "old", "art", "odd"] } },
        "/v2/app/manifests/old": schema1,
        [`/v2/app/manifests/${sha256(schema1.body)}`]: schema1,
        "/v2/app/manifests/art": artifact,
        [`/v2/app/manifests/${sha256(artifact.body)}`]: artifact,
        "/v2/app/manifests/page": held("text/html", "<html>"),
        "/v2/app/manifests/odd": held("application/vnd.oci.image.manifest.v1+json", "{}", "md5:1"),
      }),
    );
    const { status, json } = await cliJson(["tags", `${registry.host}/app`]);
    assert.equal(status, 0);
    assert.deepEqual(
      json.images.map(
        ({ tags, digest, problem }: { tags: string[]; digest: string; problem: { code: string } | null }) => [
          tags.join(),
          digest,
          problem?.code ?? null,
        ],
      ),
      [
        ["art", sha256(artifact.body), "NotAnImage"],
        ["latest", await digestOf(registry, "latest"), null],
        ["odd", null, "RegistryProtocol"],
        ["old", sha256(schema1.body), "NotAnImage"],
        ["page", null, "RegistryProtocol"],
      ],
    );
    const { out } = await cli(["tags", `${registry.host}/app`]);
    assert.match(out, /^odd +\(none\) +\(no time\) +\(not read: RegistryProtocol\)$/m);
  });

  it("looks commits up in the repository of another directory", async () => {
    const { repository, registry } = await example();
    process.chdir("/");
    const { json } = await cliJson(["tags", `${registry.host}/app`, "--context", repository.path("images/app")]);
    assert.equal(json.git.root, repository.directory);
    assert.equal(json.images[0].inRepository, true);
  });

  it("lists without commits where there is no git repository, and says so", async () => {
    const { registry } = await example();
    const outside = keep(new Repo(scratch())).directory;
    process.chdir(outside);
    const { status, out } = await cli(["tags", `${registry.host}/app`]);
    assert.equal(status, 0);
    assert.match(out, / 111111111111\n/);
    assert.match(
      out,
      /\nNo commits were looked up: this directory is not in a git repository \(name one with --context\)\.\n$/,
    );
    const { json } = await cliJson(["tags", `${registry.host}/app`]);
    assert.equal(json.git, null);
    assert.deepEqual(
      json.images.map(({ inRepository }: { inRepository: unknown }) => inRepository),
      [null, null, null, null, null],
    );
    const named = await cliJson(["tags", `${registry.host}/app`, "--context", outside]);
    assert.equal(named.status, 1);
    assert.equal(named.json.error.code, "NotARepository");
  });

  it("says when a commit may be missing because the clone is shallow", async () => {
    const { repository, registry } = await example();
    const clone = keep(repository.clone("--depth=1"));
    process.chdir(clone.directory);
    const { out } = await cli(["tags", `${registry.host}/app`]);
    assert.ok(out.endsWith("\nThat clone is shallow and lacks commits: run git fetch --unshallow\n"), out);
    assert.equal((await cliJson(["tags", `${registry.host}/app`])).json.git.shallow, true);
  });

  it("tells nothing of a repository that the registry does not have", async () => {
    withImage();
    const registry = await start(() => ({ status: 404, body: { errors: [{ code: "NAME_UNKNOWN" }] } }));
    assert.deepEqual(await cli(["tags", `${registry.host}/none`]), {
      status: 0,
      out: `${registry.host}/none: no tags, or no such repository.\n`,
      err: "",
    });
  });

  it("lists the others where one holds no image for the platform", async () => {
    const repository = withImage();
    const head = repository.head();
    const labels = labelsOf(repository, head, "images/app");
    const registry = await start(
      shelf([
        { tags: ["arm"], labels, architecture: "arm64", index: true },
        { tags: ["amd"], labels, index: true, created: "2024-01-01T10:00:00Z" },
      ]),
    );
    const { out } = await cli(["tags", `${registry.host}/app`]);
    assert.match(out, /\namd {3}sha256:\w{12} {2}2024-01-01 10:00 UTC {2}\w{12} Add the image\n/);
    assert.match(out, /\narm {3}sha256:\w{12} {2}\(no time\) {13}\(not read: PlatformNotFound\)\n/);
    const { json } = await cliJson(["tags", `${registry.host}/app`]);
    assert.equal(json.images[1].problem.code, "PlatformNotFound");
    assert.match(json.images[1].problem.message, /is an index of images for linux\/arm64, but not for linux\/amd64/);
    const other = await cliJson(["tags", `${registry.host}/app`, "--platform", "linux/arm64"]);
    const arm = other.json.images.find(({ tags }: { tags: string[] }) => tags[0] === "arm");
    assert.equal(arm.commit.hash, head);
  });

  it("names tags that are listed but hold nothing", async () => {
    withImage();
    const registry = await start(
      shelf([{ tags: ["there"] }], {
        "/v2/app/tags/list?n=1000": { status: 200, body: { name: "app", tags: ["there", "gone"] } },
      }),
    );
    const { out } = await cli(["tags", `${registry.host}/app`]);
    assert.match(out, /: 1 image, 1 tag\n/);
    assert.match(out, /\nThe registry lists tags whose image no longer exists: gone\n$/);
    assert.deepEqual((await cliJson(["tags", `${registry.host}/app`])).json.dangling, ["gone"]);
  });

  it("marks scratch tags, and names what is listed but is no tag", async () => {
    const repository = withImage();
    const [version, scratch] = [repository.head().slice(0, 7), "scratch-dev-0123456789ab"];
    const labels = labelsOf(repository, repository.head(), "images/app");
    const registry = await start(
      shelf([{ tags: [version, scratch], labels }, { tags: ["scratch-old-0123456789ab"] }], {
        "/v2/app/tags/list?n=1000": {
          status: 200,
          body: { name: "app", tags: [version, scratch, "scratch-old-0123456789ab", "a/b"] },
        },
      }),
    );
    const { out } = await cli(["tags", `${registry.host}/app`]);
    assert.match(out, new RegExp(`\\n${version}, ${scratch} .* Add the image\\n`));
    assert.match(out, /\nscratch-old-0123456789ab .* \(no commit label\) {2}\[scratch\]\n/);
    assert.ok(
      out.includes("\nTags of the form scratch-STACK-HASH hold what a stack pushed last. They name no version.\n"),
    );
    assert.ok(out.endsWith("\nThe registry lists names that are not valid tags (left out): a/b\n"), out);
    const { json } = await cliJson(["tags", `${registry.host}/app`]);
    assert.deepEqual(
      [json.images.map((image: { scratchTags: string[] }) => image.scratchTags), json.notTags],
      [[[scratch], ["scratch-old-0123456789ab"]], ["a/b"]],
    );
  });

  it("fails as a whole where the registry refuses", async () => {
    withImage();
    const registry = await start(() => ({ status: 403, body: { errors: [{ code: "DENIED", message: "no" }] } }));
    const { status, json } = await cliJson(["tags", `${registry.host}/app`]);
    assert.equal(status, 1);
    assert.equal(json.error.code, "RegistryUnauthorized");
  });

  it("takes the commit's time where a build says none, and none that builders write for none", async () => {
    const repository = withImage();
    const labels = labelsOf(repository, repository.head(), "images/app");
    const registry = await start(
      shelf([
        { tags: ["a"], labels },
        { tags: ["b"], labels: { ...labels, [CREATED]: "yesterday" }, created: "1970-01-01T00:00:00Z" },
        { tags: ["c"], labels: { [CREATED]: "2024-01-01T00:03:00Z" }, created: "0001-01-01T00:00:00Z" },
      ]),
    );
    const { json } = await cliJson(["tags", `${registry.host}/app`]);
    assert.deepEqual(
      json.images.map(({ tags, time }: { tags: string[]; time: string | null }) => [...tags, time]),
      [
        ["c", "2024-01-01T00:03:00.000Z"],
        ["a", "2024-01-01T00:01:00.000Z"],
        ["b", null],
      ],
    );
  });

  it("takes a label that says nothing for none", async () => {
    withImage();
    const nothing = { [DIRTY]: "", [SOURCE]: "", [REVISION]: "", [TREE]: "", [CREATED]: "" };
    const registry = await start(shelf([{ tags: ["88d38d9"], labels: nothing }]));
    const { json } = await cliJson(["tags", `${registry.host}/app`]);
    assert.deepEqual(json.images, [
      {
        ...{ digest: await digestOf(registry, "88d38d9"), tags: ["88d38d9"], scratchTags: [], time: null },
        ...{ revision: null, commit: null, inRepository: null, tree: null, source: null },
        ...{ debug: false, dirty: null, madeOf: null, problem: null },
      },
    ]);
  });

  it("knows debug images by their label, and by their tag where they have none", async () => {
    withImage();
    const registry = await start(
      shelf([
        { tags: ["88d38d9-debug"] },
        { tags: ["x"], labels: { [DIRTY]: "false" } },
        { tags: ["nonroot-debug"], labels: { [TREE]: "x" } },
      ]),
    );
    const { json } = await cliJson(["tags", `${registry.host}/app`]);
    assert.deepEqual(
      json.images.map(({ tags, debug, dirty }: { tags: string[]; debug: boolean; dirty: unknown }) => [
        ...tags,
        debug,
        dirty,
      ]),
      [
        ["88d38d9-debug", true, null],
        ["nonroot-debug", false, null],
        ["x", true, false],
      ],
    );
    const { out } = await cli(["tags", `${registry.host}/app`]);
    assert.match(out, /\(no commit label\) {2}\[debug\]\n/);
    assert.match(out, /\(no commit label\) {2}\[debug, without uncommitted changes\]\n/);
  });

  it("asks git for nothing that is no commit's hash, and shows a terminal no control characters", async () => {
    const repository = withImage().write("images/app/main", "x").add().commit("Bell \u0007 and \u001b[31mred");
    const registry = await start(
      shelf([
        { tags: ["a"], labels: { [REVISION]: "--all\nHEAD" } },
        { tags: ["b"], labels: { [REVISION]: "\u001b[2Jmain" } },
        { tags: ["c"], labels: { [REVISION]: repository.head() } },
      ]),
    );
    const { out } = await cli(["tags", `${registry.host}/app`]);
    assert.match(out, / --all\\u\{a\}HEAD \(not in this repository\)\n/);
    assert.match(out, / \\u\{1b\}\[2Jmain \(not in this repository\)\n/);
    assert.match(out, / Bell \\u\{7\} and \\u\{1b\}\[31mred\n/);
  });

  it("does not call attention to content that has no labels yet", async () => {
    withImage();
    const registry = await start(shelf([{ tags: ["scratch-dev-0123456789ab"] }]));
    const { out } = await cli(["tags", `${registry.host}/app`], { color: true });
    assert.match(marked(out), /\nscratch-dev-0123456789ab .* \(no commit label\) {2}\[scratch\]\n/);
  });

  it("shows in colour what to look at", async () => {
    const { registry } = await example();
    const { out } = await cli(["tags", `${registry.host}/app`], { color: true });
    const lines = marked(out).split("\n");
    assert.ok(lines[0]?.startsWith(`<1>${registry.host}/app<22>: 5 images`), lines[0]);
    assert.match(lines[3] ?? "", /^<33>.*\[debug.*<39>$/);
    assert.match(lines[4] ?? "", /^\w+, \w+ .*Say two$/);
    assert.match(lines[6] ?? "", /^<31>1111111.*<39>$/);
    assert.match(lines[7] ?? "", /^<31>latest.*<39>$/);
  });
});
