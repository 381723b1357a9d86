import { mkdir, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { MissingError, say } from "../say";

/** Names the kube context of a cluster that is there already, to be used in place of one of our own. */
const VARIABLE = "VERSIONED_IMAGE_KUBE_CONTEXT";

export function namedContext(): string | undefined {
  return process.env[VARIABLE] || undefined;
}

/**
 * A kubeconfig in `home` whose current context is the one of this name in the user's own, which stays as it is. Throws
 * MissingError if there is none or its API server does not answer.
 */
export async function kubeconfigOf(context: string, home: string): Promise<string> {
  const { KubeConfig, VersionApi } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  config.loadFromDefault();
  if (!config.getContextObject(context)) {
    const known = config.getContexts().map(({ name }) => name);
    throw new MissingError(`${VARIABLE} names ${context}, but the kube contexts are ${known.join(", ") || "none"}.`);
  }
  config.setCurrentContext(context);
  try {
    const { gitVersion } = await config.makeApiClient(VersionApi).getCode();
    say(`Using the cluster of the kube context ${context} (Kubernetes ${gitVersion}).`);
  } catch (error) {
    throw new MissingError(`The cluster of the kube context ${context} does not answer: ${(error as Error).message}`);
  }
  await mkdir(home, { recursive: true });
  const file = path.join(home, "kubeconfig");
  await writeFile(file, config.exportConfig(), { mode: 0o600 });
  return file;
}
