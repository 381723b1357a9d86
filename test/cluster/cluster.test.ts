import * as assert from "node:assert/strict";
import { execFile } from "node:child_process";
import * as path from "node:path";
import { promisify } from "node:util";
import type { V1Pod } from "@kubernetes/client-node";
import { createRegistryClient } from "../../components/registry";
import { TYPESCRIPT } from "../../scripts/setup/paths";
import { isReady, runningDigest, TestCluster } from "../support/cluster";
import { changes, errorsOn, imageProject } from "../support/project";
import { pushImage } from "../support/pushImage";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import { type Result, TestStack } from "../support/stack";

const ROOT = path.resolve(__dirname, "../..");
const PROGRAM = path.join(ROOT, "test/engine/programs/cluster.ts");

/** Says its content, and serves until it is told to end. */
const DOCKERFILE = `FROM busybox:1.36
COPY main start /app/
CMD ["sh", "/app/start"]
`;
const SERVES = "cat /app/main\nsleep 2\ntouch /tmp/ready\nexec sleep 1000\n";
const CRASHES = "echo no configuration, giving up\nexit 3\n";

/** The whole way, from a commit to the pod that runs it. Each test goes on from where the one before it ended. */
describe("on a cluster", function () {
  // Each test waits for several updates, and the engine's tests run beside it.
  this.timeout(300_000);

  let project: Repo;
  let stack: TestStack;
  let repository: string;
  let cluster: TestCluster;
  let first: Result["outputs"];

  before(() => {
    project = imageProject({ Dockerfile: DOCKERFILE, main: "one\n", start: SERVES });
    repository = `${registry.repository("cluster")}/app`;
    const namespace = `apps-${process.pid}`;
    cluster = new TestCluster(namespace);
    stack = new TestStack("test", {
      workDir: project.directory,
      env: process.env,
      program: PROGRAM,
      config: { repository, namespace },
    });
  });

  after(async () => {
    const { succeeded, text } = await stack.destroy();
    stack.forget();
    project.dispose();
    assert.equal(succeeded, true, text);
    assert.deepEqual(await cluster.pods(), []);
  });

  async function up(config: Record<string, string> = {}): Promise<Result["outputs"]> {
    const result = await stack.up(config);
    assert.equal(result.succeeded, true, result.text);
    return result.outputs;
  }

  /** What the cluster runs must be what the stack says and what the registry has. */
  async function assertRuns(outputs: Result["outputs"], content: string): Promise<V1Pod> {
    const pod = await cluster.pod();
    const reference = String(outputs.reference);
    assert.equal(pod.status?.phase, "Running");
    assert.equal(isReady(pod), true);
    assert.equal(await cluster.log(pod), content);
    assert.equal(pod.spec?.containers[0]?.image, reference);
    assert.equal(reference, `${reference.slice(0, reference.indexOf("@"))}@${outputs.digest}`);
    assert.equal(runningDigest(pod), outputs.digest);
    assert.equal(await registry.digest(reference.slice(0, reference.indexOf("@"))), outputs.digest);
    return pod;
  }

  function commit(files: Record<string, string>): void {
    for (const [name, content] of Object.entries(files)) {
      project.write(`app/${name}`, content);
    }
    project.add().commit();
  }

  /** What the command line says of the cluster, as JSON. */
  async function cli(...args: string[]) {
    const flags = ["--kubeconfig", String(process.env.KUBECONFIG), "--namespace", cluster.namespace, "--json"];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...TYPESCRIPT, path.join(ROOT, "cli/main.ts"), ...args, ...flags],
      { cwd: project.directory },
    );
    return JSON.parse(stdout);
  }

  it("up ends when the pod of the published image runs", async () => {
    first = await up();
    assert.equal(first.outcome, "published");
    assert.ok(String(first.reference).startsWith(`${repository}:${project.head().slice(0, 7)}@`));
    await assertRuns(first, "one\n");
  });

  it("verify proves what the cluster runs", async () => {
    const { checks } = (await cli("verify", String(first.reference))) as { checks: { name: string; result: string }[] };
    assert.deepEqual(
      checks.filter(({ name }) => /deployment|pod/i.test(name)).map(({ result }) => result),
      ["proven", "proven"],
    );
  });

  it("status shows what it runs, and that it is the newest", async () => {
    const { images } = await cli("status", "app");
    assert.equal(images.length, 1);
    assert.deepEqual(
      images[0].running.map(({ tag, behind, ahead, consistent, pods }: Record<string, unknown>) => ({
        tag,
        behind,
        ahead,
        consistent,
        pods: (pods as string[]).length,
      })),
      [{ tag: project.head().slice(0, 7), behind: 0, ahead: 0, consistent: true, pods: 1 }],
    );
  });

  it("a new commit rolls to a new ReplicaSet, and the old pod serves until the new one is ready", async () => {
    const old = await cluster.pod();
    commit({ main: "two\n" });
    const seen: boolean[] = [];
    let watching = true;
    const watch = (async () => {
      while (watching) {
        const pods = await cluster.pods();
        seen.push(pods.some(isReady));
        if (pods.some((pod) => pod.metadata?.uid !== old.metadata?.uid && isReady(pod))) {
          break;
        }
        assert.ok(
          pods.some((pod) => pod.metadata?.uid === old.metadata?.uid),
          "the old pod went before the new one was ready",
        );
      }
    })();
    const updated = up().finally(() => {
      watching = false;
    });
    const [outputs] = await Promise.all([updated, watch]);
    assert.ok(seen.length > 1);
    assert.deepEqual([...new Set(seen)], [true]);
    await assertRuns(outputs, "two\n");
    const sets = await cluster.replicaSets();
    assert.deepEqual(
      sets.map(({ spec }) => [spec?.template?.spec?.containers[0]?.image, spec?.replicas]),
      [
        [first.reference, 0],
        [outputs.reference, 1],
      ],
    );
  });

  it("an unchanged commit restarts nothing", async () => {
    const before = await cluster.pod();
    await up();
    assert.equal((await cluster.pod()).metadata?.uid, before.metadata?.uid);
  });

  it("a rollback to the older commit adopts its image, and rolls back without a build", async () => {
    project.git("checkout", "--quiet", "HEAD~1");
    const outputs = await up();
    assert.deepEqual(outputs, { ...first, outcome: "adopted" });
    await assertRuns(outputs, "one\n");
    assert.equal(registry.pushesTo(repository), 2);
    const sets = await cluster.replicaSets();
    assert.equal(sets.length, 2, "it is the ReplicaSet of then");
    project.git("checkout", "--quiet", "main");
  });

  it("a re-published debug tag rolls, and an unchanged one does not", async () => {
    project.write("app/main", "debug one\n");
    const one = await up({ debug: "true" });
    const pod = await assertRuns(one, "debug one\n");
    await up({ debug: "true" });
    assert.equal((await cluster.pod()).metadata?.uid, pod.metadata?.uid);

    project.write("app/main", "debug two\n");
    const two = await up({ debug: "true" });
    const tagOf = ({ reference }: Result["outputs"]) => String(reference).replace(/@.*/, "");
    assert.equal(tagOf(two), tagOf(one));
    assert.notEqual(two.digest, one.digest);
    await assertRuns(two, "debug two\n");
    project.git("checkout", "--quiet", "app/main");
  });

  it("an image that crashes fails the update with the pod's own words, and the next good commit recovers", async () => {
    commit({ start: CRASHES });
    const crashed = await stack.up({ patience: "15" });
    assert.equal(crashed.succeeded, false, crashed.text);
    assert.match(errorsOn(crashed, "app-deployment").join("\n"), /no configuration, giving up/);

    commit({ start: SERVES, main: "three\n" });
    await assertRuns(await up(), "three\n");
  });

  it("prune deletes what nothing needs, and after it every pod can be restarted and the stack is unchanged", async () => {
    commit({ main: "four\n" });
    const [four = "", tree = ""] = project.git("rev-parse", "HEAD", "HEAD:app").split("\n");
    const labels = { "org.opencontainers.image.revision": four, "dev.versioned-image.tree": tree };
    await pushImage(repository, four.slice(0, 7), labels);
    commit({ main: "five\n" });
    const outputs = await up({ debug: "false" });
    const needed = (await cluster.replicaSets()).map(({ spec }) => String(spec?.template?.spec?.containers[0]?.image));
    assert.ok(needed.length > 3);

    const flags = ["--keep-last", "1", "--keep-for", "0h", "--delete"];
    const { repositories } = await cli("prune", repository, ...flags);
    const [{ tags: verdicts, removals, lost }] = repositories;
    assert.deepEqual(lost, []);
    assert.deepEqual(
      removals.map(({ tags, outcome }: Record<string, unknown>) => [tags, outcome]),
      [[[four.slice(0, 7)], "deleted"]],
      JSON.stringify(verdicts, undefined, 1),
    );
    for (const reference of needed) {
      const digest = reference.slice(reference.indexOf("@") + 1);
      assert.equal((await createRegistryClient().resolve(repository, digest))?.digest, digest, reference);
    }
    await cluster.restart(await cluster.pod());
    await assertRuns(outputs, "five\n");
    const again = await stack.up();
    assert.deepEqual(changes(again), {}, again.text);
  });
});
