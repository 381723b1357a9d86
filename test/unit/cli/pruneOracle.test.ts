import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { apiServer, kubeconfigOf, type Objects } from "../../support/apiServer";
import { fakeRegistries } from "../../support/fakeRegistry";
import { randomFrom } from "../../support/random";
import type { Repo } from "../../support/repo";
import { MemoryRegistry, type Version } from "./memoryRegistry";
import { cliJson, labelsOf, repositories } from "./setup";

/** How many clusters and registries are made up; 200 take a few minutes. */
const RUNS = Number(process.env.VERSIONED_IMAGE_CLUSTERS ?? 20);
const SEED = Number(process.env.VERSIONED_IMAGE_SEED ?? 1);

/** What someone needs: to be able to pull a tag or a digest as it was. */
interface Need {
  tag?: string;
  digest: string;
  /** It is needed by an index that is needed, so that other indexes of it may go. */
  within?: boolean;
}

/** What uses a version: the objects of a cluster, by where they are listed, and what they need of the registry. */
interface Used {
  place: string;
  object: object;
  needs: Need[];
}

type Pick = <T>(items: readonly T[]) => T;

/** Ways to name a version in one text, with what is pulled by it. */
function reference(
  pick: Pick,
  host: string,
  name: string,
  { tag, digest, images }: Version,
): [text: string, need: Need] {
  const last = name.replace(/.*\//, "");
  const repository = pick([
    `${host}/${name}`,
    `mirror.example/${name}`,
    `mirror.example:5000/cache/${host}/${name}`,
    `proxy.example/hub/${last}`,
    `docker.io/${name.includes("/") ? name : `library/${name}`}`,
    name,
  ]);
  const child = pick(images).digest;
  return pick([
    [`${repository}:${tag}`, { tag, digest }],
    [`${repository}@${digest}`, { digest }],
    [`${repository}:moved@${digest}`, { digest }],
    [`${repository}@${child}`, { digest: child }],
  ] as [string, Need][]);
}

/** A pod that uses a version in one place, and other images in others. */
function podOf(pick: Pick, host: string, name: string, version: Version, id: number): Used {
  const [named, need] = reference(pick, host, name, version);
  const other = { name: "other", image: "docker.io/library/redis:7" };
  const metadata = { name: `pod-${id}`, namespace: "web" };
  const list = pick(["containers", "initContainers", "ephemeralContainers", "volumes", "status"]);
  const entry = list === "volumes" ? { name: "main", image: { reference: named } } : { name: "main", image: named };
  if (list !== "status") {
    const spec = { containers: [other], [list]: list === "containers" ? [entry, other] : [entry] };
    return { place: "v1/pods", object: { metadata, spec, status: { phase: "Pending" } }, needs: [need] };
  }
  // The tag has moved: only what the runtime says tells which image it is.
  const image = pick(version.images);
  const [imageID, digest] = pick([
    [`docker-pullable://${host}/${name}@${version.digest}`, version.digest],
    [`${host}/${name}@${version.digest}`, version.digest],
    [`mirror.example/x@${image.digest}`, image.digest],
    [version.digest, version.digest],
    [image.digest.slice("sha256:".length), image.digest],
    [image.config, image.digest],
    [image.config.slice("sha256:".length), image.digest],
  ] as [string, string][]);
  const statuses = pick(["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"]);
  const containers = statuses.replace("Statuses", "s");
  const moved = { name: "main", image: `${host}/${name}:moved` };
  return {
    place: "v1/pods",
    object: {
      metadata,
      spec: { containers: [other], [containers]: [moved] },
      status: { phase: pick(["Running", "Succeeded"]), [statuses]: [{ name: "main", imageID, state: {} }] },
    },
    needs: [{ digest }],
  };
}

const ROLLOUTS = "argoproj.io/v1alpha1/rollouts";

/** Something else than a pod that could start a version. */
function workloadOf(pick: Pick, host: string, name: string, version: Version, id: number): Used {
  const [named, need] = reference(pick, host, name, version);
  const metadata = { name: `thing-${id}`, namespace: pick(["web", "jobs"]) };
  const template = { spec: { containers: [{ name: "main", image: named }] } };
  const { tag, digest } = version;
  const byTag: Need = { tag, digest };
  const [place, object, needs] = pick([
    ...["deployments", "replicasets", "statefulsets", "daemonsets"].map((each) => [
      `apps/v1/${each}`,
      { spec: { template } },
      need,
    ]),
    ["apps/v1/controllerrevisions", { data: { spec: { template } } }, need],
    ["v1/replicationcontrollers", { spec: { template } }, need],
    ["v1/podtemplates", { template }, need],
    ["batch/v1/jobs", { spec: { template } }, need],
    ["batch/v1/cronjobs", { spec: { jobTemplate: { spec: { template } } } }, need],
    [ROLLOUTS, { spec: { template } }, need],
    [ROLLOUTS, { spec: { image: { repository: `${host}/${name}`, tag } } }, byTag],
    [ROLLOUTS, { spec: { args: [`--image=docker://${named}`] } }, need],
    ["v1/configmaps", { data: { "values.yaml": `repository: ${host}/${name}\ntag: '${tag}'\n` } }, byTag],
    ["v1/configmaps", { data: { long: `${"x".repeat(10_000)} ${named}.` } }, need],
  ] as [string, object, Need][]);
  return { place, object: { metadata, ...object }, needs: [needs] };
}

/** Something that names a version and needs nothing. */
function noiseOf(host: string, name: string, { tag, digest }: Version, id: number): Used[] {
  const metadata = { name: `noise-${id}`, namespace: "web" };
  const text = `${host}/${name}:${tag}@${digest}`;
  return [
    { place: "v1/configmaps", object: { metadata, data: { x: `${host}/${name}-other:${tag}` } }, needs: [] },
    { place: "v1/secrets", object: { metadata, data: { text } }, needs: [] },
    { place: "v1/events", object: { metadata, message: text }, needs: [] },
    { place: "apps/v1/deployments", object: { metadata, status: { text }, spec: {} }, needs: [] },
    {
      place: "apps/v1/deployments",
      object: { metadata: { ...metadata, managedFields: [text] }, spec: {} },
      needs: [],
    },
  ];
}

describe("what any cluster uses", () => {
  const { withImage } = repositories();
  const start = fakeRegistries();
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), "kube-"));
  });

  afterEach(() => rmSync(home, { recursive: true }));

  function history(made: Repo): { tag: string; labels: Record<string, string> }[] {
    const commits = [made.head()];
    for (let number = 0; number < 9; number++) {
      made.write("images/app/main", `${number}\n`).add().commit(`Change ${number}`);
      commits.push(made.head());
    }
    return commits.map((commit) => ({ tag: commit.slice(0, 7), labels: labelsOf(made, commit, "images/app") }));
  }

  it(`can be pulled after prune, and nothing else of ${RUNS} registries is left`, async function () {
    this.timeout(60_000 + RUNS * 10_000);
    const commits = history(withImage());
    const random = randomFrom(SEED);
    const pick: Pick = (items) => items[Math.floor(random() * items.length)] as (typeof items)[number];
    let [needed, gone] = [0, 0];
    for (let run = 0; run < RUNS; run++) {
      const name = pick(["app", "team/app", "my.org/group/the-app"]);
      const memory = new MemoryRegistry();
      const { host } = await start((seen) => memory.answer(name, seen));
      const versions = commits.map(({ tag, labels }) =>
        memory.push(tag, labels, random() < 0.5 ? ["amd64"] : ["amd64", "arm64"]),
      );
      const newest = versions.at(-1);
      const used = Array.from({ length: Math.floor(random() * 6) }, (_, id) =>
        (random() < 0.5 ? podOf : workloadOf)(pick, host, name, pick(versions), id),
      );
      const lone = pick(versions);
      if (random() < 0.3) {
        const digest = memory.pushUntagged(lone);
        const spec = { containers: [{ name: "main", image: `${host}/${name}@${digest}` }] };
        const needs = [{ digest }, ...lone.images.map((image) => ({ digest: image.digest, within: true }))];
        used.push({ place: "v1/pods", object: { metadata: { name: "lone", namespace: "web" }, spec }, needs });
      }
      const objects: Objects = {};
      for (const { place, object } of [...used, ...noiseOf(host, name, pick(versions), run)]) {
        objects[place] = [...(objects[place] ?? []), object];
      }
      const server = await start(apiServer(objects, { [ROLLOUTS]: "Rollout" }));
      const file = path.join(home, "config");
      writeFileSync(file, kubeconfigOf(server.host));
      const { status, json } = await cliJson([
        ...["prune", `${host}/${name}`, "--keep-last", "0", "--keep-for", "0h", "--kubeconfig", file, "--delete"],
      ]);
      const told = () => `run ${run} of seed ${SEED}: ${JSON.stringify({ used, json }, undefined, 1)}`;
      assert.equal(status, 0, told());
      const needs = used.flatMap((each) => each.needs);
      for (const { tag, digest } of needs) {
        assert.ok(tag === undefined || memory.tags.get(tag) === digest, told());
        const version = versions.find((each) => each.digest === digest);
        const parts = version ? version.images.map((image) => image.digest) : [];
        for (const each of [digest, ...parts]) {
          assert.ok(memory.contents.has(each), told());
        }
      }
      for (const version of versions.filter((each) => each !== newest)) {
        const parts = [version.digest, ...version.images.map(({ digest }) => digest)];
        const isNeeded = needs.some(({ digest, within }) =>
          within ? digest === version.digest : parts.includes(digest),
        );
        assert.equal(memory.tags.has(version.tag), isNeeded, `${version.tag} ${told()}`);
      }
      needed += needs.length;
      gone += versions.length - memory.tags.size;
    }
    assert.ok(needed > RUNS && gone > RUNS);
    console.log(`      ${RUNS} registries: ${needed} uses, 0 lost; ${gone} versions went`);
  });
});
