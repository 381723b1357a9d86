import { existsSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { KubeConfig, KubernetesObjectApi, PatchStrategy, VersionApi } from "@kubernetes/client-node";
import { type Properties, withoutNulls } from "../properties";
import type { Manifest } from "./object";
import { rolledOut } from "./rollout";

const FIELD_MANAGER = "pulumi-kubernetes-standin";
const PAUSE = 500;

/** The given configuration (its text or a file), else that of $KUBECONFIG or ~/.kube; undefined if there is none. */
export function loadConfig(kubeconfig: string | undefined, context: string | undefined): KubeConfig | undefined {
  const config = new KubeConfig();
  const files = process.env.KUBECONFIG?.split(path.delimiter) ?? [path.join(homedir(), ".kube/config")];
  if (kubeconfig?.includes("clusters")) {
    config.loadFromString(kubeconfig);
  } else if (kubeconfig) {
    config.loadFromFile(kubeconfig);
  } else if (files.some((file) => existsSync(file))) {
    config.loadFromDefault();
  } else {
    return undefined;
  }
  if (context) {
    config.setCurrentContext(context);
  }
  return config;
}

/** The configuration of a cluster that answers. */
export async function reachable(config: KubeConfig | undefined): Promise<KubeConfig> {
  if (config === undefined) {
    throw new Error("configured Kubernetes cluster is unreachable: there is no kubeconfig");
  }
  try {
    await config.makeApiClient(VersionApi).getCode();
    return config;
  } catch (error) {
    throw new Error(`configured Kubernetes cluster is unreachable: ${(error as Error).message}`);
  }
}

/** Applies an object and waits until what it asks for is there. */
export async function apply(config: KubeConfig, object: Manifest): Promise<Properties> {
  const api = KubernetesObjectApi.makeApiClient(config);
  await api.patch(object, undefined, undefined, FIELD_MANAGER, true, PatchStrategy.ServerSideApply);
  if (object.kind === "Deployment") {
    await rolledOut(config, object.metadata.name, object.metadata.namespace ?? "default");
  }
  return plain(await api.read(object));
}

/** The object as it is, or undefined if it is gone. */
export async function read(config: KubeConfig, object: Manifest): Promise<Properties | undefined> {
  try {
    return plain(await KubernetesObjectApi.makeApiClient(config).read(object));
  } catch (error) {
    if ((error as { code?: number }).code === 404) {
      return undefined;
    }
    throw error;
  }
}

/** Deletes an object and waits until it and what it owns are gone. */
export async function remove(config: KubeConfig, object: Manifest): Promise<void> {
  const api = KubernetesObjectApi.makeApiClient(config);
  if ((await read(config, object)) !== undefined) {
    await api.delete(object, undefined, undefined, undefined, undefined, "Foreground");
  }
  while ((await read(config, object)) !== undefined) {
    await sleep(PAUSE);
  }
}

/** What the API says, as it was on the wire: dates are text. */
function plain(object: object): Properties {
  return withoutNulls(JSON.parse(JSON.stringify(object))) as Properties;
}
