import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import type Docker from "dockerode";
import { canInstall, ensureProgram } from "../debian";
import { ensureContainerdToday } from "../dockerToday";
import { acquire } from "../exclusively";
import { CACHE } from "../paths";
import { during, MissingError, say } from "../say";
import { type Service, stopService } from "../service";
import { kubeconfigOf, namedContext } from "./context";
import { startControlPlane } from "./controlPlane";
import { removeKubeletTraces, startKubelet } from "./kubelet";
import { addNodeDevice, type Network, networkOf, removeNetwork, writeCniConfig } from "./network";
import { etcdAndNetworkPlugins, kubernetesPrograms } from "./programs";
import { importPauseImage, removeContainers, startRuntime } from "./runtime";

/** A Kubernetes of one node. */
interface Cluster {
  /** A file with an administrator's access. */
  kubeconfig: string;
  home: string;
  /** A folder with a short path, for sockets. */
  sockets: string;
  network: Network;
  /** In the order in which they were started. */
  services: Service[];
  /** Lets another run start one: two kubelets of a machine end each other's pods. */
  release(): Promise<void>;
}

export interface ClusterPlace {
  /** What the cluster keeps; removed when it is stopped. */
  home: string;
  /** The daemon that has the base image. */
  docker: Docker;
  /** The registry that the node pulls from without TLS. */
  registryHost: string;
  /** Told at once what stops it: an interrupted start must leave something that can be stopped. */
  started(stop: () => Promise<void>): void;
}

/** Why there can be no cluster here; undefined if there can. */
export function clusterObstacle(): string | undefined {
  return namedContext() || canInstall()
    ? undefined
    : "one can only be started as root on Debian, and VERSIONED_IMAGE_KUBE_CONTEXT names no other";
}

/** A kubeconfig of the cluster that the environment names, or of one of our own that is started. */
export async function ensureCluster(place: ClusterPlace): Promise<string> {
  const named = namedContext();
  return named ? kubeconfigOf(named, place.home) : (await startCluster(place)).kubeconfig;
}

/** Starts a Kubernetes of this machine's own. All but the node's agent listens on loopback. */
async function startCluster({ home, docker, registryHost, started }: ClusterPlace): Promise<Cluster> {
  const containerd = await newestContainerd();
  const ctr = await ensureProgram("ctr", "containerd", "install Debian's containerd.");
  const [etcd, plugins] = await etcdAndNetworkPlugins();
  const programs = await kubernetesPrograms();
  await mkdir(CACHE, { recursive: true });
  const release = await acquire(path.join(CACHE, "cluster.lock"), "A Kubernetes cluster");
  const cluster: Cluster = {
    kubeconfig: "",
    home,
    sockets: await mkdtemp(path.join(tmpdir(), "cluster-")),
    network: networkOf(process.pid % 256),
    services: [],
    release,
  };
  started(() => stopCluster(cluster));
  const { sockets, network } = cluster;
  const add = (service: Service) => cluster.services.push(service);
  const cniConfig = path.join(home, "cni");
  await addNodeDevice(network);
  await writeCniConfig(network, cniConfig, home);
  await during("Starting a Kubernetes cluster of our own", startServices());
  return cluster;

  async function startServices(): Promise<void> {
    await startRuntime(containerd, {
      home: path.join(home, "containerd"),
      sockets,
      cniConfig,
      cniPlugins: plugins,
      registryHost,
      started: add,
    });
    await importPauseImage(ctr, sockets, docker, home);
    cluster.kubeconfig = await startControlPlane({
      home: path.join(home, "control"),
      network,
      programs,
      etcd: path.join(etcd, "etcd"),
      started: add,
    });
    await startKubelet({
      home: path.join(home, "kubelet"),
      sockets,
      network,
      programs,
      kubeconfig: cluster.kubeconfig,
      started: add,
    });
  }
}

/** That of today, since Debian's stable one has no image volumes; where it can't be had, that of this machine. */
async function newestContainerd(): Promise<string> {
  try {
    return await ensureContainerdToday();
  } catch (error) {
    if (!(error instanceof MissingError)) {
      throw error;
    }
    say(`The cluster uses this machine's containerd: ${error.message}.`);
    return ensureProgram("containerd", "containerd", "install Debian's containerd.");
  }
}

/** Stops a cluster and takes away all that it made. */
async function stopCluster({ home, sockets, network, services, release }: Cluster): Promise<void> {
  for (const service of [...services].reverse()) {
    await stopService(service);
  }
  if (existsSync(sockets)) {
    await removeContainers(home, sockets);
  }
  await removeNetwork(network);
  await removeKubeletTraces(path.join(home, "kubelet"));
  await rm(home, { recursive: true, force: true });
  await release();
  say("The cluster is stopped.");
}
