import { globSync, readlinkSync } from "node:fs";
import { mkdir, rm, rmdir, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { freePort } from "../registry";
import { type Service, startService } from "../service";
import { FEATURES } from "./controlPlane";
import type { Network } from "./network";
import { runtimeSocket } from "./runtime";

const NODE = "node";

export interface KubeletPlace {
  home: string;
  sockets: string;
  network: Network;
  programs: string;
  kubeconfig: string;
  started(service: Service): void;
}

/** Starts the node's agent, which registers the node with the API server, and waits until pods can run there. */
export async function startKubelet(place: KubeletPlace): Promise<void> {
  const { home, network, programs, kubeconfig, started } = place;
  await mkdir(home, { recursive: true });
  const config = path.join(home, "config.json");
  await writeFile(config, JSON.stringify(await configuration(place)));
  await startService({
    command: path.join(programs, "kubelet"),
    args: [
      "--config",
      config,
      "--kubeconfig",
      kubeconfig,
      `--hostname-override=${NODE}`,
      `--node-ip=${network.nodeAddress}`,
      "--root-dir",
      path.join(home, "root"),
      "--cert-dir",
      path.join(home, "certificates"),
    ],
    mark: config,
    logFile: path.join(home, "log"),
    answers: () => nodeReady(kubeconfig),
    started,
  });
}

async function nodeReady(kubeconfig: string): Promise<boolean> {
  // Only who starts a cluster needs the client, which takes long to load.
  const { CoreV1Api, KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const { items } = await config.makeApiClient(CoreV1Api).listNode();
  const node = items.find(({ metadata }) => metadata?.name === NODE);
  const ready = node?.status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" && !node?.spec?.taints?.length;
}

async function configuration({ home, sockets, network }: KubeletPlace) {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: network.nodeAddress,
    port: await freePort(),
    healthzPort: 0,
    // Only this machine reaches the address, and the API server has no certificate for it.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    containerRuntimeEndpoint: `unix://${runtimeSocket(sockets)}`,
    cgroupDriver: "cgroupfs",
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    localStorageCapacityIsolation: false,
    featureGates: Object.fromEntries(FEATURES.map((feature) => [feature, true])),
    podLogsDir: path.join(home, "logs"),
    // However full the disk of this machine is.
    evictionHard: { "memory.available": "0%", "nodefs.available": "0%", "imagefs.available": "0%" },
  };
}

/** Removes what a kubelet that is stopped leaves outside of its folder. */
export async function removeKubeletTraces(home: string): Promise<void> {
  for (const link of globSync("/var/log/containers/*.log").filter((file) => readlinkSync(file).startsWith(home))) {
    await rm(link);
  }
  for (const top of globSync(["/sys/fs/cgroup/kubepods", "/sys/fs/cgroup/*/kubepods"])) {
    const groups = new Set([top, ...globSync("**/", { cwd: top }).map((group) => path.join(top, group))]);
    for (const group of [...groups].sort().reverse()) {
      // One that is in use is another cluster's.
      await rmdir(group).catch((error) => {
        if (error.code !== "EBUSY" && error.code !== "ENOENT") {
          throw error;
        }
      });
    }
  }
}
