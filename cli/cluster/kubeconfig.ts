import { readFileSync } from "node:fs";
import * as path from "node:path";
import { Entry, type EntryFile } from "../entry";
import { clusterFailed } from "./clusterFailed";

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
    throw clusterFailed(
      `The kubeconfig ${file} can't be read: ${(error as Error).message}. Fix it (kubectl config view ` +
        `--kubeconfig ${file} must read it), or name another with --kubeconfig.`,
      error,
    );
  }
}

/** What kubeconfigs say, by name. Paths are absolute: they stand relative to the file that has them. `Data` is in base64. */
export interface Kubeconfig {
  currentContext: string | undefined;
  contexts: Map<string, ReturnType<typeof contextOf>>;
  clusters: Map<string, KubeCluster>;
  users: Map<string, KubeUser>;
}

export type KubeCluster = ReturnType<typeof clusterOf>;
export type KubeUser = ReturnType<typeof userOf>;
/** A program that gives credentials. */
export type KubeExec = ReturnType<typeof execOf>;

/** Throws at once, as one who asks for the cluster must mend the file first. */
const FILE: EntryFile = {
  isLoose: true,
  nameOf: (place) =>
    place
      .map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`))
      .join("")
      .slice(1) || "its content",
  fault: (_, words) => {
    throw new Error(words);
  },
};

/**
 * Reads a kubeconfig with a reader of YAML. Throws for what kubectl takes for a broken one: fields of a wrong type, two entries
 * of one name. What the file system says is thrown as it is.
 */
function readKubeconfigFile(file: string, loadYaml: (text: string) => unknown): Kubeconfig {
  const text = readFileSync(file, "utf8");
  // A reader of YAML throws for a file without a document.
  const isEmpty = text.split("\n").every((line) => /^\s*(?:#.*|---)?\s*$/.test(line));
  const root = entryOf(isEmpty ? {} : loadYaml(text));
  for (const [name, wanted] of [
    ["kind", "Config"],
    ["apiVersion", "v1"],
  ] as const) {
    const found = root.text(name) ?? wanted;
    if (found !== wanted) {
      throw new Error(`its ${name} is ${found}, not ${wanted}`);
    }
  }
  const folder = path.dirname(path.resolve(file));
  return {
    currentContext: root.text("current-context"),
    contexts: named(root, "contexts", "context", contextOf),
    clusters: named(root, "clusters", "cluster", (entry) => clusterOf(entry, folder)),
    users: named(root, "users", "user", (entry) => userOf(entry, folder)),
  };
}

function entryOf(value: unknown): Entry {
  return Entry.of(FILE, value) as Entry;
}

function named<T>(root: Entry, list: string, field: string, read: (entry: Entry) => T): Map<string, T> {
  const found = new Map<string, T>();
  for (const entry of root.entries(list) ?? []) {
    const name = entry.text("name") ?? "";
    if (found.has(name)) {
      throw new Error(`it has two ${list} named ${name}`);
    }
    found.set(name, read(entry.entry(field) ?? entryOf({})));
  }
  return found;
}

function contextOf(entry: Entry) {
  return { cluster: entry.text("cluster"), user: entry.text("user"), namespace: entry.text("namespace") };
}

/** The name of the extension that is for programs that give credentials. */
const EXEC_EXTENSION = "client.authentication.k8s.io/exec";

function clusterOf(entry: Entry, folder: string) {
  const extension = entry.entries("extensions")?.find((each) => each.text("name") === EXEC_EXTENSION);
  return {
    server: entry.text("server"),
    tlsServerName: entry.text("tls-server-name"),
    skipTLSVerify: entry.flag("insecure-skip-tls-verify") ?? false,
    caData: entry.base64("certificate-authority-data"),
    caFile: absolute(entry.text("certificate-authority"), folder),
    proxyUrl: entry.text("proxy-url"),
    /** What a program that gives credentials is told of the cluster. */
    execConfig: extension?.value("extension"),
  };
}

const IMPERSONATION = ["as-uid", "as-groups", "as-user-extra"];

function userOf(entry: Entry, folder: string) {
  const exec = entry.entry("exec");
  return {
    token: entry.text("token"),
    tokenFile: absolute(entry.text("tokenFile"), folder),
    certData: entry.base64("client-certificate-data"),
    certFile: absolute(entry.text("client-certificate"), folder),
    keyData: entry.base64("client-key-data"),
    keyFile: absolute(entry.text("client-key"), folder),
    username: entry.text("username"),
    password: entry.text("password"),
    /** Whom the user acts as. */
    impersonateUser: entry.text("as"),
    /** What else is said of that one, by the names of its fields. */
    impersonation: IMPERSONATION.filter((name) => entry.value(name) !== undefined),
    exec: exec && execOf(exec, folder),
    authProvider: entry.value("auth-provider"),
  };
}

function execOf(entry: Entry, folder: string) {
  const command = entry.text("command");
  const env = entry.entries("env")?.map((each) => [each.text("name") ?? "", each.text("value") ?? ""]) ?? [];
  return {
    // Without a separator it is looked for on PATH.
    command: command?.includes(path.sep) ? absolute(command, folder) : command,
    args: entry.texts("args") ?? [],
    env: Object.fromEntries(env) as Record<string, string>,
    apiVersion: entry.text("apiVersion"),
    interactiveMode: entry.text("interactiveMode"),
    provideClusterInfo: entry.flag("provideClusterInfo") ?? false,
  };
}

function absolute(file: string | undefined, folder: string): string | undefined {
  return file === undefined ? undefined : path.resolve(folder, file);
}
