import * as assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { kubeconfigOf } from "../../support/apiServer";
import { ABSENT, fakeRegistries, type Reply } from "../../support/fakeRegistry";
import { folderOfEach } from "../../support/folder";
import type { Repo } from "../../support/repo";
import { cli, cliJson, digestOf, labelsOf, repositories, type Shelved, sha256, shelf } from "./setup";

/** What goes wrong, and must cost nothing; what goes right is tried on real registries in test/publishing/. */
describe("versioned-image prune", () => {
  const { withImage, keep } = repositories();
  const start = fakeRegistries();
  const home = folderOfEach();

  /** An image of an old commit, which may go, and that of HEAD, which may not. */
  async function example(more: (method: string, url: string) => Reply | undefined = () => undefined) {
    const made = withImage();
    const old = made.head();
    made.write("images/app/main", "two\n").add().commit("Two");
    const images: Shelved[] = [old, made.head()].map((commit) => ({
      tags: [commit.slice(0, 7)],
      labels: labelsOf(made, commit, "images/app"),
    }));
    const answer = shelf(images);
    const registry = await start((seen) => more(seen.method, seen.url) ?? answer(seen));
    const repository = `${registry.host}/app`;
    return { made, registry, repository, old: old.slice(0, 7), head: made.head().slice(0, 7) };
  }

  const FLAGS = ["--keep-last", "1", "--keep-for", "0h"];
  const deletions = (requests: string[]) => requests.filter((request) => request.startsWith("DELETE"));

  /** A kubeconfig of a server. */
  async function cluster(answer: () => Reply): Promise<string> {
    const server = await start(answer);
    const file = home("config");
    const { host } = server;
    writeFileSync(file, kubeconfigOf(host));
    return file;
  }

  it("says what may go and why the others stay, and deletes nothing by itself", async () => {
    const { registry, repository, old, head } = await example();
    const { status, json } = await cliJson(["prune", repository, ...FLAGS, "--no-cluster"]);
    assert.equal(status, 0);
    const [{ tags, removals }] = json.repositories;
    assert.deepEqual(
      tags
        .map(({ tag, stays, goes }: { tag: string; stays: boolean; goes: string | null }) => [tag, stays, goes])
        .sort(),
      [
        [old, false, "older than the last version, and nothing needs it"],
        [head, true, null],
      ].sort(),
    );
    assert.deepEqual(
      removals.map(({ tags: named, outcome }: { tags: string[]; outcome: string | null }) => [named, outcome]),
      [[[old], null]],
    );
    const { out } = await cli(["prune", repository, ...FLAGS, "--no-cluster"]);
    assert.ok(out.includes("Nothing was deleted. Add --delete to delete."), out);
    assert.deepEqual(deletions(registry.requests), []);
  });

  for (const [what, type, body] of [
    ["schema 1", "application/vnd.docker.distribution.manifest.v1+json", '{"schemaVersion":1}'],
    ["an artifact", "application/vnd.oci.artifact.manifest.v1+json", '{"artifactType":"text/x"}'],
  ] as const) {
    it(`leaves a tag of ${what} among others`, async () => {
      const headers = { "content-type": type, "docker-content-digest": sha256(body) };
      const { repository, old, head } = await example((_, url) =>
        url.endsWith("/manifests/other")
          ? { status: 200, headers, body }
          : url.includes("/tags/list")
            ? { status: 200, body: { tags: [old, head, "other"] } }
            : undefined,
      );
      const { status, json } = await cliJson(["prune", repository, ...FLAGS, "--no-cluster"]);
      assert.equal(status, 0);
      const [{ tags, removals }] = json.repositories;
      const { stays, reasons } = tags.find(({ tag }: { tag: string }) => tag === "other");
      assert.deepEqual([stays, reasons], [true, [{ rule: "unknown", message: "it is not an image" }]]);
      assert.deepEqual(
        removals.map(({ tags: named }: { tags: string[] }) => named),
        [[old]],
      );
    });
  }

  it("deletes by digest", async () => {
    let gone = false;
    let digest = "";
    const { registry, repository, old } = await example((method, url) => {
      if (method === "DELETE") {
        gone = true;
        return { status: 202 };
      }
      return gone && url.endsWith(digest) ? ABSENT : undefined;
    });
    digest = await digestOf(registry, old);
    const { status, json } = await cliJson(["prune", repository, ...FLAGS, "--no-cluster", "--delete"]);
    assert.equal(status, 0, JSON.stringify(json));
    assert.ok(gone);
    assert.deepEqual(deletions(registry.requests), [`DELETE /v2/app/manifests/${digest}`]);
    assert.equal(json.repositories[0].removals[0].outcome, "deleted");
  });

  for (const [what, reply, words] of [
    [
      "that deletes nothing",
      { status: 405, body: { errors: [{ code: "UNSUPPORTED" }] } },
      /the registry does not support deletion/,
    ],
    ["that refuses", { status: 403, body: { errors: [{ code: "DENIED", message: "no right" }] } }, /no right/],
  ] as const) {
    it(`of a registry ${what}: its words, what can, and exit status 1`, async () => {
      const { repository } = await example((method) => (method === "DELETE" ? reply : undefined));
      const { status, json } = await cliJson(["prune", repository, ...FLAGS, "--no-cluster", "--delete"]);
      assert.equal(status, 1);
      const [{ removals, advice, lost }] = json.repositories;
      assert.equal(removals[0].outcome, "refused");
      assert.match(removals[0].message, words);
      assert.match(advice, /REGISTRY_STORAGE_DELETE_ENABLED=true/);
      assert.deepEqual(lost, []);
    });
  }

  const nothing = (result: { status: number; json: { error?: { code: string; message: string } } }, code: string) => {
    assert.equal(result.status, 1);
    assert.equal(result.json.error?.code, code, JSON.stringify(result.json));
    return String(result.json.error?.message);
  };

  it("asks which clusters there are before it deletes", async () => {
    const { registry, repository } = await example();
    const message = nothing(await cliJson(["prune", repository, ...FLAGS, "--delete"]), "InvalidArgument");
    assert.match(message, /--kube-context or --kubeconfig, or add --no-cluster/);
    assert.deepEqual(deletions(registry.requests), []);
  });

  for (const [what, answer] of [
    ["that forbids a list", { status: 403, body: { kind: "Status", message: "pods is forbidden" } }],
    ["that answers with something else", { status: 200, body: "<html>" }],
    ["that hangs up", "close"],
  ] as [string, Reply][]) {
    it(`of a cluster ${what}: nothing goes`, async () => {
      const { registry, repository } = await example();
      const file = await cluster(() => answer);
      nothing(await cliJson(["prune", repository, ...FLAGS, "--kubeconfig", file, "--delete"]), "ClusterFailed");
      assert.deepEqual(deletions(registry.requests), []);
    });
  }

  it("of a registry that does not answer for one tag: nothing goes", async () => {
    let asked = 0;
    const { registry, repository } = await example((method, url) =>
      method === "GET" && url.includes("/manifests/") && ++asked > 1
        ? { status: 403, body: { errors: [{ code: "DENIED" }] } }
        : undefined,
    );
    nothing(await cliJson(["prune", repository, ...FLAGS, "--no-cluster", "--delete"]), "RegistryUnauthorized");
    assert.deepEqual(deletions(registry.requests), []);
  });

  it("where a tag was moved meanwhile: nothing goes", async () => {
    let lists = 0;
    const { registry, repository } = await example((_, url) => {
      if (url.includes("/tags/list") && ++lists > 1) {
        return { status: 200, body: { tags: ["new"] } };
      }
      return url.endsWith("/manifests/new")
        ? {
            status: 200,
            headers: {
              "content-type": "application/vnd.oci.image.manifest.v1+json",
              "docker-content-digest": sha256("x"),
            },
          }
        : undefined;
    });
    const message = nothing(
      await cliJson(["prune", repository, ...FLAGS, "--no-cluster", "--delete"]),
      "RegistryChanged",
    );
    assert.match(message, /:new was set, moved or deleted during the check/);
    assert.deepEqual(deletions(registry.requests), []);
  });

  it("from a shallow clone: nothing goes", async () => {
    const { made, registry, repository } = await example();
    const clone: Repo = keep(made.clone("--depth=1"));
    const flags = [...FLAGS, "--context", clone.directory, "--no-cluster", "--delete"];
    nothing(await cliJson(["prune", repository, ...flags]), "ShallowHistory");
    assert.deepEqual(deletions(registry.requests), []);
  });

  it("leaves images of commits that the clone lacks, of another's tags, and without labels", async () => {
    const { made } = await example();
    const other = "0123456".padEnd(40, "7");
    const registry = await start(
      shelf([
        {
          tags: [other.slice(0, 7)],
          labels: { ...labelsOf(made, made.head(), "images/app"), "org.opencontainers.image.revision": other },
        },
        { tags: ["latest", "v1"] },
      ]),
    );
    const { json } = await cliJson(["prune", `${registry.host}/app`, ...FLAGS, "--no-cluster"]);
    const [{ tags, removals }] = json.repositories;
    assert.deepEqual(removals, []);
    assert.deepEqual(
      tags.map(({ tag, reasons }: { tag: string; reasons: { rule: string }[] }) => [
        tag,
        reasons.map(({ rule }) => rule),
      ]),
      [
        [other.slice(0, 7), ["unknown", "ref"]],
        ["latest", ["unknown"]],
        ["v1", ["unknown"]],
      ],
    );
  });
});
