import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { ensureProgram } from "../debian";
import { run } from "../run";

/** Names and addresses of a cluster's own, which nothing outside of this machine reaches. */
export interface Network {
  /** The CNI network, and the beginning of its devices' names. */
  name: string;
  /** Where the kubelet listens: it refuses a loopback address. */
  nodeAddress: string;
  podSubnet: string;
  serviceSubnet: string;
}

/** One for each number from 0 to 255, so that what an ended cluster left is not in the way of the next. */
export function networkOf(number: number): Network {
  return {
    name: `vimage${number}`,
    nodeAddress: `10.253.${number}.1`,
    podSubnet: `10.254.${number}.0/24`,
    serviceSubnet: `10.252.${number}.0/24`,
  };
}

/** Makes the device that has the node's address. */
export async function addNodeDevice({ name, nodeAddress }: Network): Promise<void> {
  // A bridge: dummy devices are not in every kernel.
  await ip("link", "add", nodeDevice(name), "type", "bridge");
  await ip("address", "add", `${nodeAddress}/32`, "dev", nodeDevice(name));
  await ip("link", "set", nodeDevice(name), "up");
}

/** Tells the container runtime how pods are connected: to a bridge, and to nothing outside. */
export async function writeCniConfig({ name, podSubnet }: Network, folder: string, home: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const ipam = { type: "host-local", dataDir: path.join(home, "addresses"), ranges: [[{ subnet: podSubnet }]] };
  const bridge = { type: "bridge", bridge: podDevice(name), isGateway: true, ipam };
  await writeFile(path.join(folder, "10.conflist"), JSON.stringify({ cniVersion: "0.4.0", name, plugins: [bridge] }));
}

/** Removes the devices, and what is left of pods that nobody took down in an orderly way. */
export async function removeNetwork({ name }: Network): Promise<void> {
  for (const result of globSync(`/var/lib/cni/results/${name}-*`)) {
    const namespace = /"netns":"([^"]+)"/.exec(readFileSync(result, "utf8"))?.[1];
    if (namespace && existsSync(namespace)) {
      await run("umount", [namespace]);
      await rm(namespace);
    }
    await rm(result);
  }
  for (const device of [nodeDevice(name), podDevice(name)].filter((known) => existsSync(`/sys/class/net/${known}`))) {
    await ip("link", "delete", device);
  }
}

function nodeDevice(name: string): string {
  return `${name}-node`;
}

function podDevice(name: string): string {
  return `${name}-pods`;
}

async function ip(...args: string[]): Promise<string> {
  return run(await ensureProgram("ip", "iproute2", "install Debian's iproute2."), args);
}
