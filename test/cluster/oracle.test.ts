import * as assert from "node:assert/strict";
import { createRegistryClient } from "../../components/registry";
import { noiseOf, type Pick, podOf, ROLLOUTS, type Used, workloadOf } from "../support/clusterUses";
import { definition, KUBECTL, Kubectl, type Manifest } from "../support/kubectl";
import { MemoryRegistry, type Version } from "../support/memoryRegistry";
import { imageProject } from "../support/project";
import { randomFrom } from "../support/random";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import { cliJson, labelsOf } from "../unit/cli/setup";

const SEED = Number(process.env.VERSIONED_IMAGE_SEED ?? 1);
const [VERSIONS, USES] = [40, 80];

/**
 * What the unit tests make up for a server of their own is made on a real one, which completes it, has controllers that add to it, and
 * holds what Kubernetes itself needs. What is used is known in three ways: by who made it up, by the reader of `prune`, and by a
 * look at what kubectl lists that shares no code with it.
 */
describe("what a cluster uses, of what is made up", function () {
  this.timeout(120_000);

  const directory = process.cwd();
  const cluster = new Kubectl();
  const namespaces = ["web", "jobs"].map((name) => `${name}-${process.pid}`);
  let project: Repo;

  before(async function () {
    if (!KUBECTL) {
      this.skip();
    }
    project = imageProject();
    process.chdir(project.directory);
    await cluster.create(
      ...namespaces.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })),
      definition(ROLLOUTS.kind, ROLLOUTS.group),
    );
    await cluster.run(["wait", "crd", `rollouts.${ROLLOUTS.group}`, "--for", "condition=Established"]);
  });

  after(async () => {
    if (!KUBECTL) {
      return;
    }
    process.chdir(directory);
    project.dispose();
    await cluster.run(["delete", "crd", `rollouts.${ROLLOUTS.group}`, "--wait=false"]);
    await cluster.run(["delete", "namespace", ...namespaces, "--wait=false"]);
  });

  /** Makes objects as they were made up: what can't be said at their creation is said afterwards. */
  async function make(used: Used[]): Promise<void> {
    const objects = used.map(({ object }): Manifest => {
      const inOwn = JSON.stringify(object).replace(/("namespace":"\w+)"/g, `$1-${process.pid}"`);
      return JSON.parse(inOwn);
    });
    const first = objects.map(({ status: _, spec, ...object }) => {
      const { ephemeralContainers: _later, ...now } = (spec ?? {}) as Record<string, unknown>;
      return spec === undefined ? object : { ...object, spec: now };
    });
    await cluster.create(...(first as Manifest[]));
    for (const { metadata, spec, status } of objects.filter(({ kind }) => kind === "Pod")) {
      const place = ["--namespace", String(metadata.namespace)];
      const { ephemeralContainers } = spec as { ephemeralContainers?: object[] };
      if (ephemeralContainers) {
        const made = JSON.parse(await cluster.run(["get", "pod", metadata.name, ...place, "--output", "json"]));
        const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/ephemeralcontainers`;
        const debugged = JSON.stringify({ ...made, spec: { ...made.spec, ephemeralContainers } });
        await cluster.run(["replace", "--raw", path, "--filename", "-"], debugged);
      }
      if ((status as { phase: string }).phase !== "Pending") {
        const patch = ["--subresource", "status", "--type", "merge", "--patch", JSON.stringify({ status })];
        await cluster.run(["patch", "pod", metadata.name, ...place, ...patch]);
      }
    }
  }

  /** What objects say, as kubectl lists them: of kinds that name what does not run, and of the past, nothing. */
  async function listed(): Promise<{ now: string; status: string }[]> {
    const kinds = (await cluster.run(["api-resources", "--verbs", "list", "--output", "name"])).trim().split("\n");
    const read = kinds.filter((kind) => !/^(secrets|nodes|events|componentstatuses)\b|\bmetrics\b/.test(kind));
    const { items } = await cluster.json("get", read.join(), "--all-namespaces", "--show-managed-fields=false");
    return items.map(({ status, ...object }: Manifest) => {
      delete (object.metadata.annotations as Record<string, string> | undefined)?.[
        "kubectl.kubernetes.io/last-applied-configuration"
      ];
      return { now: JSON.stringify(object), status: object.kind === "Pod" ? JSON.stringify(status) : "" };
    });
  }

  it("is what prune keeps, and kubectl's lists say the same", async () => {
    const random = randomFrom(SEED);
    const pick: Pick = (items) => items[Math.floor(random() * items.length)] as (typeof items)[number];
    const memory = new MemoryRegistry();
    const versions = Array.from({ length: VERSIONS }, (_, number): Version => {
      const commit = project.write("app/main", `${number}\n`).add().commit().head();
      const labels = labelsOf(project, commit, "app");
      return memory.push(commit.slice(0, 7), labels, random() < 0.5 ? ["amd64"] : ["amd64", "arm64"]);
    });
    project.write("app/main", "next\n").add().commit();
    const repository = `${registry.repository("oracle")}/the-app`;
    await memory.copyTo(repository);
    const [host = "", ...parts] = repository.split("/");
    const name = parts.join("/");
    const some = versions.filter(() => random() < 0.6);
    const used = Array.from({ length: USES }, (_, id) =>
      (random() < 0.5 ? podOf : workloadOf)(pick, host, name, pick(some), id),
    );
    await make([...used, ...noiseOf(host, name, pick(versions), 0)]);

    const needs = used.flatMap((each) => each.needs);
    const isNeeded = ({ digest, images }: Version) =>
      [digest, ...images.map((image) => image.digest)].some((each) => needs.some((need) => need.digest === each));
    const needed = versions.filter(isNeeded).map(({ tag }) => tag);
    assert.ok(needed.length > VERSIONS / 4 && needed.length < VERSIONS, String(needed.length));

    const objects = await listed();
    const named = versions.filter(({ tag, digest, images }) => {
      const digests = [digest, ...images.flatMap((image) => [image.digest, image.config])].map((each) => each.slice(7));
      return objects.some(
        ({ now, status }) =>
          digests.some((each) => now.includes(each) || status.includes(each)) ||
          (now.includes(tag) && /the-app(?![\w.-])/.test(now)),
      );
    });
    assert.deepEqual(
      named.map(({ tag }) => tag),
      needed,
    );

    const flags = ["--keep-last", "0", "--keep-for", "0h", "--kubeconfig", String(process.env.KUBECONFIG), "--delete"];
    const { status, json } = await cliJson(["prune", repository, ...flags]);
    assert.equal(status, 0, JSON.stringify(json));
    assert.deepEqual(json.unread, []);
    const client = createRegistryClient();
    assert.deepEqual((await client.tags(repository)).sort(), [...needed].sort());
    for (const { tag, digest, images } of versions) {
      for (const each of [digest, ...images.map((image) => image.digest)]) {
        assert.equal((await client.resolve(repository, each)) !== undefined, needed.includes(tag), `${tag} ${each}`);
      }
    }
    const kinds = new Set(used.map(({ place }) => place));
    console.log(
      `      ${USES} uses of ${kinds.size} kinds among ${objects.length} objects: ${needed.length} stay, ${VERSIONS - needed.length} went`,
    );
    assert.ok(kinds.size > 9);
  });
});
