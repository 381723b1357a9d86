import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { createRegistryClient } from "../../components/registry";
import { definition, KUBECTL, Kubectl, type Manifest } from "../support/kubectl";
import { imageProject } from "../support/project";
import { pushFiles, pushImage } from "../support/pushImage";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import { cliJson, labelsOf } from "../unit/cli/setup";

/** API groups of this test's own: one with what Argo Rollouts has, one that not everybody may read. */
const ROLLOUTS = `rollouts-${process.pid}.example.com`;
const HIDDEN = `hidden-${process.pid}.example.com`;

interface Image {
  tag: string;
  digest: string;
  labels: Record<string, string>;
  /** By its tag. */
  name: string;
  /** By its digest. */
  pinned: string;
}

/**
 * What a real cluster uses of a real registry, in all the ways that Kubernetes has. Each test goes on from where the one before it
 * ended: what they use is used on.
 */
describe("what a cluster uses", function () {
  this.timeout(120_000);

  const directory = process.cwd();
  const client = createRegistryClient();
  const kubeconfig = String(process.env.KUBECONFIG);
  const scratch = mkdtempSync(path.join(tmpdir(), "uses-"));
  let project: Repo;
  let repository: string;
  let tools: string;
  let files: Awaited<ReturnType<typeof pushFiles>>;
  let cluster: Kubectl;
  let context: string;
  /** All that were pushed and not deleted. */
  const kept: Image[] = [];
  /** Tags that prune leaves to others. */
  const others = ["tools"];

  before(async function () {
    if (!KUBECTL) {
      this.skip();
    }
    project = imageProject();
    process.chdir(project.directory);
    const unique = registry.repository("uses");
    repository = `${unique}/app`;
    tools = `${unique}/tools:1`;
    // Another image than the one of the repository that is looked at: what that holds counts as its, whatever a pod calls it.
    const own = await pushFiles("busybox:1.36", `${unique}/tools`, "1");
    await pushImage(`${unique}/tools`, "1", { tools: "true" }, own);
    files = await pushFiles("busybox:1.36", repository, "tools");
    cluster = new Kubectl(`uses-${process.pid}`);
    context = (await cluster.run(["config", "current-context"])).trim();
    await cluster.create(
      { apiVersion: "v1", kind: "Namespace", metadata: { name: cluster.namespace } },
      definition("Rollout", ROLLOUTS),
      definition("Hidden", HIDDEN),
    );
    await cluster.run(["wait", "crd", `rollouts.${ROLLOUTS}`, `hiddens.${HIDDEN}`, "--for", "condition=Established"]);
  });

  after(async () => {
    rmSync(scratch, { recursive: true });
    if (!KUBECTL) {
      return;
    }
    process.chdir(directory);
    project.dispose();
    await cluster.run(["delete", "crd", `rollouts.${ROLLOUTS}`, `hiddens.${HIDDEN}`, "--wait=false"]);
    await cluster.run(["delete", "clusterrole,clusterrolebinding", cluster.namespace, "--ignore-not-found"]);
    await cluster.run(["delete", "namespace", cluster.namespace, "--wait=false"]);
  });

  /** An image of a commit of its own. */
  async function push(): Promise<Image> {
    const content = String(Math.random());
    const commit = project.write("app/main", content).add().commit().head();
    const tag = commit.slice(0, 7);
    const labels = labelsOf(project, commit, "app");
    const digest = await pushImage(repository, tag, labels, files);
    return { tag, digest, labels, name: `${repository}:${tag}`, pinned: `${repository}@${digest}` };
  }

  /** A commit that has no image yet: else the newest one stayed for it. */
  function next(): void {
    project.write("app/main", "next\n").add().commit();
  }

  /** Default: what the cluster's administrator sees. */
  function prune(flags: string[], file = kubeconfig) {
    return cliJson([...["prune", repository, "--keep-last", "0", "--keep-for", "0h", "--kubeconfig", file], ...flags]);
  }

  function removedFrom({
    repositories,
  }: {
    repositories: { removals: { digest: string; outcome: string }[] }[];
  }): string[] {
    return repositories.flatMap(({ removals }) => removals.map(({ digest, outcome }) => `${outcome} ${digest}`));
  }

  /** Pushes an image that is used then and one that is not, and prunes: that one goes and nothing else. */
  async function pruned(use: (image: Image) => Promise<unknown>, ...reasons: string[]): Promise<Image> {
    const [idle, used] = [await push(), await push()];
    next();
    await use(used);
    kept.push(used);
    const { status, json } = await prune(["--delete"]);
    assert.equal(status, 0, JSON.stringify(json));
    const [{ tags, removals, lost }] = json.repositories;
    assert.deepEqual(removals, [{ digest: idle.digest, tags: [idle.tag], outcome: "deleted", message: null }]);
    assert.deepEqual(lost, []);
    assert.deepEqual(reasonsFor(tags, used), reasons);
    assert.equal(await client.resolve(repository, idle.digest), undefined);
    await assertKept();
    return used;
  }

  async function assertKept(): Promise<void> {
    assert.deepEqual((await client.tags(repository)).sort(), [...others, ...kept.map(({ tag }) => tag)].sort());
    const found = await Promise.all(kept.map(({ tag }) => client.resolve(repository, tag)));
    assert.deepEqual(
      found.map((manifest) => manifest?.digest),
      kept.map(({ digest }) => digest),
    );
  }

  interface Verdict {
    tag: string;
    reasons: { rule: string; message: string }[];
  }

  function reasonsFor(tags: Verdict[], { tag }: Image): string[] {
    const { reasons = [] } = tags.find((each) => each.tag === tag) ?? {};
    // What a controller makes has a random end of its name.
    return reasons.map(({ rule, message }) => `${rule}: ${message.replace(/-[a-z0-9]{5,10}(?= of )/, "-*")}`);
  }

  const runs = (name: string) => `cluster: pod ${cluster.namespace}/${name} of ${context} runs it`;
  const names = (kind: string, name: string) => `cluster: ${kind} ${cluster.namespace}/${name} of ${context} names it`;

  /** A container that runs until it is ended, of an image that the registry is asked for at each start. */
  const container = (name: string, image: string) => ({
    name,
    image,
    imagePullPolicy: "Always",
    command: ["sleep", "1000"],
  });

  const template = (image: string, more: object = {}) => ({
    spec: {
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      containers: [container("main", image)],
      ...more,
    },
  });

  function pod(name: string, { spec }: { spec: object }): Manifest {
    return { apiVersion: "v1", kind: "Pod", metadata: { name }, spec };
  }

  /** What runs by now: container by container, the image's tag. */
  const running = new Map<string, string>();

  /** As `pruned`, for a pod: it is restarted afterwards, and runs again from the registry. */
  async function prunedPod(name: string, container: string, templateOf: (image: Image) => { spec: object }) {
    const { tag } = await pruned((image) => cluster.start(pod(name, templateOf(image))), runs(name));
    await restarted(name);
    running.set(`${name}/${container}`, tag);
  }

  /** Deletes a pod and makes it again, as who drains a node does. */
  async function restarted(name: string): Promise<void> {
    const { apiVersion, kind, spec } = await cluster.json("get", "pod", name);
    const { nodeName: _node, ephemeralContainers: _debuggers, ...same } = spec;
    await cluster.run(["delete", "pod", name]);
    await cluster.start({ apiVersion, kind, metadata: { name }, spec: same });
  }

  it("a pod, by a tag", async () => {
    await prunedPod("plain", "main", ({ name }) => template(name));
  });

  it("a sidecar", async () => {
    await prunedPod("sidecar", "side", ({ pinned }) =>
      template(tools, { initContainers: [{ ...container("side", pinned), restartPolicy: "Always" }] }),
    );
  });

  it("an init container that has ended", async () => {
    await prunedPod("before", "init", ({ name }) =>
      template(tools, { initContainers: [{ ...container("init", name), command: ["true"] }] }),
    );
  });

  it("a container that a pod was debugged with", async () => {
    await cluster.start(pod("debugged", template(tools)));
    const debug = async ({ name }: Image) => {
      const flags = ["--container", "debugger", "--image-pull-policy", "Always"];
      await cluster.run(["debug", "debugged", "--image", name, ...flags, "--", "sleep", "1000"]);
      const state = "jsonpath={.status.ephemeralContainerStatuses[0].state.running}";
      await cluster.run(["wait", "pod/debugged", "--for", state, "--timeout", "60s"]);
    };
    const used = await pruned(debug, runs("debugged"));
    await restarted("debugged");
    await debug(used);
    running.set("debugged/debugger", used.tag);
  });

  it("an image volume", async function () {
    // Pinned, since this kubelet does not say which image a volume has.
    const withVolume = ({ pinned }: Image) => {
      const volumeMounts = [{ name: "files", mountPath: "/files" }];
      const command = ["sh", "-c", "ls /files/bin/sh && exec sleep 1000"];
      return template(tools, {
        containers: [{ ...container("main", tools), command, volumeMounts }],
        volumes: [{ name: "files", image: { reference: pinned, pullPolicy: "Always" } }],
      });
    };
    if (!(await hasImageVolumes())) {
      console.log("      the API server has them turned off, as is the default before Kubernetes 1.35");
      this.skip();
    }
    const [{ status }] = (await cluster.json("get", "nodes")).items;
    const { containerRuntimeVersion: runtime } = status.nodeInfo;
    if (/^containerd:\/\/(1\.|2\.0\.)/.test(runtime)) {
      console.log(
        `      ${runtime} can't mount them (2.1 can): that the image stays was seen, not that the pod starts`,
      );
      await pruned((image) => cluster.create(pod("volume", withVolume(image))), runs("volume"));
      await cluster.run(["delete", "pod", "volume"]);
      const { json } = await prune(["--delete"]);
      assert.deepEqual(removedFrom(json), [`deleted ${kept.pop()?.digest}`]);
      return;
    }
    await prunedPod("volume", "files", withVolume);
    assert.equal(await cluster.run(["logs", "volume"]), "/files/bin/sh\n");
  });

  /** An API server that has them turned off leaves them out of what it is given. */
  async function hasImageVolumes(): Promise<boolean> {
    const tried = pod("tried", template(tools, { volumes: [{ name: "files", image: { reference: tools } }] }));
    const flags = ["--dry-run=server", "--output", "json", "--filename", "-"];
    const { spec } = JSON.parse(await cluster.run(["create", ...flags], JSON.stringify(tried)));
    return spec.volumes?.some(({ name }: { name: string }) => name === "files") ?? false;
  }

  it("a CronJob that has not started a pod yet, and what is started of it afterwards", async () => {
    const jobTemplate = (image: string) => ({ spec: { template: ends(image) } });
    await pruned(
      ({ name }) =>
        cluster.create({
          apiVersion: "batch/v1",
          kind: "CronJob",
          metadata: { name: "yearly" },
          spec: { schedule: "0 0 1 1 *", jobTemplate: jobTemplate(name) },
        }),
      names("CronJob", "yearly"),
    );
    await cluster.run(["create", "job", "early", "--from", "cronjob/yearly"]);
    await completed("early");
  });

  it("a Job that has ended", async () => {
    const job = (name: string, image: string): Manifest => ({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name },
      spec: { template: ends(image) },
    });
    const used = await pruned(
      async ({ name }) => {
        await cluster.create(job("done", name));
        await completed("done");
      },
      `${runs("done-*")} (and 1 other)`,
    );
    await cluster.create(job("again", used.name));
    await completed("again");
  });

  const ends = (image: string) => ({
    spec: {
      ...template(image).spec,
      restartPolicy: "Never",
      containers: [{ ...container("main", image), command: ["true"] }],
    },
  });

  async function completed(job: string): Promise<void> {
    await cluster.run(["wait", `job/${job}`, "--for", "condition=Complete", "--timeout", "60s"]);
  }

  it("a PodTemplate", async () => {
    await prunedTemplate("template", names("PodTemplate", "template"), ({ name }) => ({
      apiVersion: "v1",
      kind: "PodTemplate",
      metadata: { name: "template" },
      template: template(name),
    }));
  });

  it("a custom resource with a pod's template, as Argo Rollouts has it", async () => {
    await prunedTemplate("rollout", names(`Rollout.${ROLLOUTS}`, "rollout"), ({ pinned }) =>
      rollout("rollout", { replicas: 1, strategy: { canary: {} }, template: template(pinned) }),
    );
  });

  it("a custom resource with an image in parts, as Helm's charts have it", async () => {
    await prunedTemplate("values", names(`Rollout.${ROLLOUTS}`, "values"), ({ tag }) =>
      rollout("values", { values: { image: { repository, tag, pullPolicy: "Always" } } }),
    );
  });

  const rollout = (name: string, spec: object): Manifest => ({
    apiVersion: `${ROLLOUTS}/v1alpha1`,
    kind: "Rollout",
    metadata: { name },
    spec,
  });

  /** As `pruned`, for what a controller of its own would start pods of: one is started of it. */
  async function prunedTemplate(name: string, reason: string, of: (image: Image) => Manifest): Promise<void> {
    const used = await pruned((image) => cluster.create(of(image)), reason);
    await cluster.start(pod(name, template(used.name)));
    running.set(`${name}/main`, used.tag);
  }

  it("the last but one revision of a StatefulSet", async () => {
    const set = (image: string): Manifest => ({
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "set" },
      spec: {
        serviceName: "set",
        selector: { matchLabels: { set: "set" } },
        template: { metadata: { labels: { set: "set" } }, ...template(image) },
      },
    });
    const rolledOut = () => cluster.run(["rollout", "status", "statefulset/set", "--timeout", "60s"]);
    const used = await pruned(async ({ name }) => {
      await cluster.create(set(name));
      await rolledOut();
      await cluster.run(["set", "image", "statefulset/set", `main=${tools}`]);
      await rolledOut();
    }, `cluster: ControllerRevision ${cluster.namespace}/set-* of ${context} can be rolled back to it`);
    await cluster.run(["rollout", "undo", "statefulset/set"]);
    await rolledOut();
    running.set("set-0/main", used.tag);
  });

  const place = () => ["--kubeconfig", kubeconfig, "--namespace", cluster.namespace];

  /** What status says that containers run: the tag of each, and how many commits of the image it is behind. */
  async function status() {
    const answer = await cliJson(["status", "app", ...place()]);
    const [{ running: groups }] = answer.json.images;
    const found = new Map<string, [tag: string, behind: number, consistent: boolean]>();
    for (const { revision, behind, consistent, pods } of groups) {
      for (const name of pods) {
        found.set(name, [revision.slice(0, 7), behind, consistent]);
      }
    }
    return { ...answer, groups, found };
  }

  function verifyAll() {
    return cliJson(["verify", "--all", "--repository", repository, ...place()]);
  }

  it("is what status shows and what verify proves, container by container", async () => {
    const behind = (tag: string) => Number(project.git("rev-list", "--count", `${tag}..HEAD`, "--", "app"));
    const shown = await status();
    assert.deepEqual(
      new Map([...shown.found].sort()),
      new Map([...running].map(([name, tag]) => [name, [tag, behind(tag), true]] as const).sort()),
    );
    assert.equal(shown.status, 0, JSON.stringify(shown.json));
    const proven = await verifyAll();
    assert.equal(proven.status, 0, JSON.stringify(proven.json));
    const digests = (images: { digest: string }[]) => images.map(({ digest }) => digest).sort();
    assert.deepEqual(digests(proven.json.images), digests(shown.groups));
  });

  it("is not fine where a pod names what is gone", async () => {
    const gone = await push();
    next();
    const { json } = await prune(["--delete"]);
    assert.deepEqual(removedFrom(json), [`deleted ${gone.digest}`]);
    await cluster.create(pod("late", template(gone.name)));
    const waiting = "jsonpath={.status.containerStatuses[0].state.waiting.message}";
    await cluster.run(["wait", "pod/late", "--for", waiting, "--timeout", "60s"]);

    const shown = await status();
    assert.equal(shown.status, 1);
    assert.deepEqual(shown.found.size, running.size);
    const suspects = shown.json.others.filter(({ suspect }: { suspect: boolean }) => suspect);
    assert.deepEqual(
      suspects.map(({ image, pods }: Record<string, unknown>) => [image, pods]),
      [[gone.name, ["late/main"]]],
    );
    assert.match(suspects[0].why, /^it has not started: (ErrImagePull|ImagePullBackOff)$/);
    const proven = await verifyAll();
    assert.equal(proven.status, 1);
    assert.deepEqual(proven.json.images.filter((image: { consistent: boolean }) => !image.consistent).map(reference), [
      gone.name,
    ]);
    await cluster.run(["delete", "pod", "late"]);
  });

  const reference = (image: { reference: string }) => image.reference;

  it("a pod of a tag that has moved since", async () => {
    const latest = `${repository}:latest`;
    others.push("latest");
    await pruned(async ({ labels, digest }) => {
      assert.equal(await pushImage(repository, "latest", labels, files), digest);
      await cluster.start(pod("moved", template(latest)));
      await pushImage(repository, "latest", { moved: "true" }, files);
    }, runs("moved"));
  });

  it("what is of a kind that may not be listed: nothing goes before that kind is named", async () => {
    const image = await push();
    next();
    await cluster.create({
      apiVersion: `${HIDDEN}/v1alpha1`,
      kind: "Hidden",
      metadata: { name: "hidden" },
      spec: { template: template(image.name) },
    });
    const hidden = `Hidden.${HIDDEN}`;
    const all = await prune([]);
    assert.deepEqual(reasonsFor(all.json.repositories[0].tags, image), [names(hidden, "hidden")]);

    const reader = await readerOfOthers();
    const refused = await prune(["--delete"], reader);
    assert.equal(refused.status, 1);
    assert.equal(refused.json.error.code, "ClusterFailed");
    assert.match(refused.json.error.message, new RegExp(`cannot list resource "hiddens" in API group "${HIDDEN}"`));
    assert.match(refused.json.error.message, new RegExp(`Nothing was deleted.* --ignore-kind '${hidden}'$`, "s"));
    kept.push(image);
    await assertKept();

    const ignored = await prune(["--delete", "--ignore-kind", hidden], reader);
    assert.equal(ignored.status, 0, JSON.stringify(ignored.json));
    assert.deepEqual(removedFrom(ignored.json), [`deleted ${image.digest}`]);
    kept.pop();
    await assertKept();
  });

  /** A kubeconfig of a user who may list all but what is of the hidden group. */
  async function readerOfOthers(): Promise<string> {
    const name = cluster.namespace;
    const known = JSON.parse(await cluster.run(["get", "--raw", "/apis"])) as { groups: { name: string }[] };
    const groups = known.groups.map((group) => group.name).filter((group) => group !== HIDDEN);
    const subject = { kind: "ServiceAccount", name: "reader", namespace: name };
    const api = "rbac.authorization.k8s.io";
    await cluster.create(
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "reader" } },
      {
        apiVersion: `${api}/v1`,
        kind: "ClusterRole",
        metadata: { name },
        rules: [{ apiGroups: ["", ...groups], resources: ["*"], verbs: ["list"] }],
      },
      {
        apiVersion: `${api}/v1`,
        kind: "ClusterRoleBinding",
        metadata: { name },
        roleRef: { apiGroup: api, kind: "ClusterRole", name },
        subjects: [subject],
      },
    );
    const token = (await cluster.run(["create", "token", "reader"])).trim();
    const config = JSON.parse(await cluster.run(["config", "view", "--raw", "--minify", "--output", "json"]));
    const file = path.join(scratch, "kubeconfig");
    writeFileSync(file, JSON.stringify({ ...config, users: [{ name: config.users[0].name, user: { token } }] }));
    return file;
  }
});
