import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { createInterface } from "node:readline/promises";
import type { V1Pod } from "@kubernetes/client-node";
import { exampleStack, main, SHOW, shown, untilInterrupted } from "./dev";
import { prepare, type Services, stop } from "./setup";
import { clusterObstacle, ensureCluster } from "./setup/cluster";
import { dockerAt } from "./setup/docker";
import { ROOT } from "./setup/paths";
import { freePort } from "./setup/registry";
import { MissingError, say } from "./setup/say";

const IMAGE = "images/simple";

/** Shows the whole way on a real cluster: a commit, its image, the pod that runs it; the next commit; and back again. */
void main(async () => {
  const obstacle = clusterObstacle();
  if (obstacle) {
    throw new MissingError(`No cluster for the demo: ${obstacle}.`);
  }
  const home = mkdtempSync(path.join(tmpdir(), "demo-"));
  const services: Services = {};
  let stopOwnCluster = async () => {};
  try {
    const started = (running: Services) => Object.assign(services, running);
    const demo = async () => {
      const { env, docker, registry } = await prepare({
        home,
        registryPort: await freePort(),
        started,
      });
      const kubeconfig = await ensureCluster({
        home: path.join(home, "cluster"),
        docker: dockerAt(docker.host),
        registryHost: registry.host,
        started: (stopCluster) => {
          stopOwnCluster = stopCluster;
        },
      });
      Object.assign(process.env, env, { KUBECONFIG: kubeconfig });
      await show(home, `${registry.host}/simple`, kubeconfig);
    };
    await untilInterrupted(demo());
  } finally {
    process.chdir(ROOT);
    await stopOwnCluster();
    await stop(services);
    remove(home);
  }
});

/** What can't be removed must not hide why the demo ended. */
function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    say(`${folder} could not be removed: ${(error as Error).message}`);
  }
}

/** Commits are made in a clone, so that the user's own is left as it is. */
async function show(home: string, repository: string, kubeconfig: string): Promise<void> {
  const clone = path.join(home, "clone");
  execFileSync("git", ["clone", "--quiet", ROOT, clone]);
  const git = (...args: string[]) => execFileSync("git", ["-C", clone, ...args], { encoding: "utf8" }).trim();
  const deploy = async () => {
    const config = { "versioned-image-example:repository": repository };
    const stack = await exampleStack({ directory: clone, home, config });
    await shown(stack.up(SHOW));
    const pod = await runningPod();
    console.log(`\nPod          ${pod.metadata?.name}, ${pod.status?.phase}`);
    console.log(`asks for     ${pod.spec?.containers[0]?.image}`);
    console.log(`runs         ${pod.status?.containerStatuses?.[0]?.imageID}`);
    console.log(indented(await logOf(pod)));
    return stack;
  };

  title(`1. The last commit that touched ${IMAGE} is published and runs`);
  await deploy();

  title(`2. A commit changes ${IMAGE}: it is built, and the pod is replaced`);
  appendFileSync(path.join(clone, IMAGE, "requirements.txt"), "redis==5.2.1\n");
  git("-c", "user.name=Demo", "-c", "user.email=demo@example.com", "commit", "--quiet", "-am", "Add redis");
  await deploy();

  title("3. Back to the commit before: its image is in the registry already, so nothing is built");
  git("checkout", "--quiet", "HEAD~1");
  const stack = await deploy();

  title("Have a look");
  console.log(`  kubectl --kubeconfig ${kubeconfig} get pods --output wide`);
  console.log(`  kubectl --kubeconfig ${kubeconfig} logs deployment/simple`);
  console.log(`  curl http://${repository.replace("/", "/v2/")}/tags/list`);
  if (process.stdin.isTTY) {
    const prompt = createInterface({ input: process.stdin, output: process.stdout });
    // While a line is read, an interrupt comes here and not to the process.
    prompt.once("SIGINT", () => {
      process.emit("SIGINT");
      prompt.close();
    });
    await prompt.question("\nPress Enter to remove everything: ");
    prompt.close();
  } else {
    console.log("\nNot waiting, as there is no terminal: everything is removed.");
  }
  await stack.destroy();
}

/** The newest one of the example. */
async function runningPod(): Promise<V1Pod> {
  const { items } = await (await core()).listPodForAllNamespaces({ labelSelector: "app=simple" });
  const made = (pod: V1Pod) => pod.metadata?.creationTimestamp?.getTime() ?? 0;
  const [newest] = items.sort((one, other) => made(other) - made(one));
  if (!newest) {
    throw new Error("The update is complete, but the cluster has no pod of the example.");
  }
  return newest;
}

async function logOf({ metadata }: V1Pod): Promise<string> {
  return (await core()).readNamespacedPodLog({ name: metadata?.name ?? "", namespace: metadata?.namespace ?? "" });
}

async function core() {
  // It takes long to load, and whoever has no cluster doesn't need it.
  const { CoreV1Api, KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  config.loadFromDefault();
  return config.makeApiClient(CoreV1Api);
}

function title(text: string): void {
  console.log(`\n${text}\n${"=".repeat(text.length)}`);
}

function indented(text: string): string {
  return text.trimEnd().replace(/^/gm, "             | ");
}
