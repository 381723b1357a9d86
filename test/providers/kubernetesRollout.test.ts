import * as assert from "node:assert/strict";
import { openWorkplace, type Workplace } from "./support/behaviours";
import { type FakeCluster, startFakeCluster } from "./support/fakeCluster";
import { standinOf } from "./support/plugins";

const SPEC = {
  replicas: 1,
  selector: { matchLabels: { app: "app" } },
  template: { metadata: { labels: { app: "app" } }, spec: { containers: [{ name: "main", image: "a:1" }] } },
};
const INPUTS = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "app" }, spec: SPEC };
const PATH = "/apis/apps/v1/namespaces/team/deployments/app";

function deployment(status: object) {
  return { ...INPUTS, metadata: { name: "app", namespace: "team", generation: 2 }, spec: SPEC, status };
}

const READY = deployment({ observedGeneration: 2, replicas: 1, updatedReplicas: 1, availableReplicas: 1 });
const OF_BEFORE = deployment({ observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 });
const OLD_POD_LEFT = deployment({ observedGeneration: 2, replicas: 2, updatedReplicas: 1, availableReplicas: 2 });
const STUCK = deployment({
  observedGeneration: 2,
  replicas: 1,
  updatedReplicas: 1,
  conditions: [{ type: "Progressing", status: "False", message: "exceeded its progress deadline" }],
});
const IMPATIENT = { ...STUCK, metadata: { ...STUCK.metadata, annotations: { "pulumi.com/timeoutSeconds": "1" } } };

function podWith(state: object, lastState: object = {}) {
  const status = { name: "main", ready: false, restartCount: 0, state, lastState, image: "", imageID: "" };
  return { metadata: { name: "app-1", namespace: "team" }, status: { containerStatuses: [status] } };
}

/** The real provider can't be run against so little of a cluster: see the tests on a real one. */
describe("kubernetes stand-in: a cluster", () => {
  let cluster: FakeCluster;
  let at: Workplace & { close(): Promise<void> };

  beforeEach(async () => {
    cluster = await startFakeCluster();
    const variables = { "kubernetes:config:kubeconfig": cluster.kubeconfig };
    at = await openWorkplace("kubernetes", standinOf("kubernetes").file, { variables });
  });

  afterEach(async () => {
    await at.close();
    await cluster.stop();
  });

  const lines = () => cluster.requests.map(({ line }) => line);

  it("gets an object by server-side apply, and is waited for until all pods are new and ready", async () => {
    cluster.states = [OF_BEFORE, OLD_POD_LEFT, READY];
    const inputs = await at.plugin.check(INPUTS);
    const { id, properties } = await at.plugin.create(inputs);
    assert.equal(id, "team/app");
    assert.deepEqual(properties, { ...READY, __inputs: inputs });
    const [patch, ...others] = cluster.requests.filter(({ line }) => line.startsWith("PATCH "));
    assert.deepEqual(others, []);
    assert.equal(patch?.line, `PATCH ${PATH}?fieldManager=pulumi-kubernetes-standin&force=true`);
    assert.equal(patch?.type, "application/apply-patch+yaml");
    assert.deepEqual(JSON.parse(patch?.body ?? ""), inputs);
    assert.equal(lines().filter((line) => line === `GET ${PATH}`).length, 4);
  });

  it("has its namespace from the kubeconfig's context, if the object names none", async () => {
    const inNamespace = async (object: object) => (await at.plugin.check({ ...INPUTS, ...object })).metadata;
    assert.deepEqual(await inNamespace({}), { name: "app", namespace: "team" });
    assert.deepEqual(await inNamespace({ metadata: { name: "app", namespace: "own" } }), {
      name: "app",
      namespace: "own",
    });
    assert.deepEqual(await inNamespace({ kind: "Namespace" }), { name: "app" });
  });

  it("replaces what it can't change after it deleted the old object", async () => {
    const [olds, selector] = [await at.plugin.check(INPUTS), { matchLabels: { app: "other" } }];
    const news = { ...olds, spec: { ...SPEC, selector } };
    assert.deepEqual(await at.plugin.diff("team/app", { ...olds, __inputs: olds }, news), {
      changes: "DIFF_SOME",
      kinds: { "spec.selector.matchLabels.app": "UPDATE_REPLACE" },
      replaces: ["spec.selector.matchLabels.app"],
      deleteBeforeReplace: true,
    });
  });

  it("is waited for beyond the progress deadline", async () => {
    cluster.states = [STUCK, READY];
    const { properties } = await at.plugin.create(await at.plugin.check(INPUTS));
    assert.deepEqual(properties.status, READY.status);
  });

  it("fails a rollout that takes longer than its annotation allows, with the kubelet's words", async () => {
    cluster.states = [IMPATIENT];
    cluster.pods = [podWith({ waiting: { reason: "ImagePullBackOff", message: 'Back-off pulling image "a:1"' } })];
    await assert.rejects(at.plugin.create(await at.plugin.check(INPUTS)), {
      message: [
        "Deployment team/app did not roll out within 1 s",
        "exceeded its progress deadline",
        'pod app-1, main: ImagePullBackOff: Back-off pulling image "a:1"',
      ].join("\n"),
    });
    assert.ok(lines().includes("GET /api/v1/namespaces/team/pods?labelSelector=app%3Dapp"), lines().join("\n"));
  });

  it("fails a rollout with the termination message of the run before, and with no log", async () => {
    cluster.states = [IMPATIENT];
    const terminated = { exitCode: 1, reason: "Error", message: "no module named flask\n" };
    cluster.pods = [podWith({ waiting: { reason: "CrashLoopBackOff" } }, { terminated })];
    await assert.rejects(at.plugin.create(await at.plugin.check(INPUTS)), {
      message: /\npod app-1, main: CrashLoopBackOff\npod app-1, main: Error: no module named flask$/,
    });
    assert.deepEqual(
      lines().filter((line) => line.includes("/log")),
      [],
    );
  });

  it("is read as it is, and may have lost the object", async () => {
    const inputs = await at.plugin.check(INPUTS);
    cluster.states = [READY];
    const state = { ...inputs, __inputs: inputs };
    assert.deepEqual(await at.plugin.read("team/app", state), {
      id: "team/app",
      properties: { ...READY, __inputs: inputs },
    });
    cluster.states = [];
    assert.deepEqual(await at.plugin.read("team/app", state), { id: "", properties: {} });
  });

  it("deletes an object with what it owns, and is waited for until it is gone", async () => {
    const inputs = await at.plugin.check(INPUTS);
    cluster.states = [READY, READY, READY, undefined];
    await at.plugin.delete("team/app", { ...inputs, __inputs: inputs });
    assert.equal(lines().filter((line) => line === `GET ${PATH}`).length, 4);
    assert.ok(lines().includes(`DELETE ${PATH}?propagationPolicy=Foreground`), lines().join("\n"));
  });
});
