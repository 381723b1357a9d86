import * as path from "node:path";
import { VersionedImageError } from "../../components/errors";
import { type Kubeconfig, readKubeconfigFile } from "./kubeconfigFile";

/** How kubeconfigs are read: a reader of YAML, and the user's home. */
export interface KubeconfigReaders {
  loadYaml: (text: string) => unknown;
  findHomeDir: () => string | null;
}

/**
 * The kubeconfig of a file; without one, of the files that KUBECONFIG names, else of ~/.kube/config. Of contexts, clusters and users of one
 * name, and of current contexts, the first counts; a file that is not there counts as empty, as for kubectl. (The client's own
 * way of merging takes the last current context, and refuses what is there twice.) Throws ClusterFailed.
 */
export function readKubeconfig(file: string | undefined, readers: KubeconfigReaders): Kubeconfig {
  const names = file === undefined ? usualFiles(readers) : [file];
  const configs = names.map((name) => read(name, readers, file === undefined)).filter((config) => config !== undefined);
  return {
    currentContext: configs.find(({ currentContext }) => currentContext !== undefined)?.currentContext,
    contexts: firstOfEach(configs.map(({ contexts }) => contexts)),
    clusters: firstOfEach(configs.map(({ clusters }) => clusters)),
    users: firstOfEach(configs.map(({ users }) => users)),
  };
}

function firstOfEach<T>(maps: Map<string, T>[]): Map<string, T> {
  const found = new Map<string, T>();
  for (const [name, value] of maps.flatMap((map) => [...map])) {
    if (!found.has(name)) {
      found.set(name, value);
    }
  }
  return found;
}

function usualFiles({ findHomeDir }: KubeconfigReaders): string[] {
  if (process.env.KUBECONFIG) {
    return [...new Set(process.env.KUBECONFIG.split(path.delimiter))].filter((name) => name !== "");
  }
  const home = findHomeDir();
  return home === null ? [] : [path.join(home, ".kube", "config")];
}

function read(file: string, { loadYaml }: KubeconfigReaders, mayBeMissing: boolean): Kubeconfig | undefined {
  try {
    return readKubeconfigFile(file, loadYaml);
  } catch (error) {
    if (mayBeMissing && (error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw new VersionedImageError(
      "ClusterFailed",
      `The kubeconfig ${file} can't be read: ${(error as Error).message}. Mend it (kubectl config view --kubeconfig ` +
        `${file} reads it, too), or name another with --kubeconfig.`,
      { cause: error },
    );
  }
}
