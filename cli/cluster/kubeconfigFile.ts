import { readFileSync } from "node:fs";
import * as path from "node:path";
import { Entry } from "./entry";

/** What kubeconfigs say, by name. Paths are absolute: they stand relative to the file that has them. */
export interface Kubeconfig {
  currentContext: string | undefined;
  contexts: Map<string, KubeContext>;
  clusters: Map<string, KubeCluster>;
  users: Map<string, KubeUser>;
}

export interface KubeContext {
  cluster: string | undefined;
  user: string | undefined;
  namespace: string | undefined;
}

export interface KubeCluster {
  server: string | undefined;
  tlsServerName: string | undefined;
  skipTLSVerify: boolean;
  /** In base64, as all `Data`. */
  caData: string | undefined;
  caFile: string | undefined;
  proxyUrl: string | undefined;
  /** What a program that gives credentials is told of the cluster. */
  execConfig: unknown;
}

export interface KubeUser {
  token: string | undefined;
  tokenFile: string | undefined;
  certData: string | undefined;
  certFile: string | undefined;
  keyData: string | undefined;
  keyFile: string | undefined;
  username: string | undefined;
  password: string | undefined;
  /** Whom the user acts as. */
  impersonateUser: string | undefined;
  /** What else is said of that one, by the names of its fields. */
  impersonation: string[];
  exec: KubeExec | undefined;
  authProvider: unknown;
}

/** A program that gives credentials. */
export interface KubeExec {
  command: string | undefined;
  args: string[];
  env: Record<string, string>;
  apiVersion: string | undefined;
  interactiveMode: string | undefined;
  provideClusterInfo: boolean;
}

/**
 * Reads a kubeconfig with a reader of YAML. Throws for what kubectl takes for a broken one: fields of a wrong type, two entries
 * of one name. What the file system says is thrown as it is.
 */
export function readKubeconfigFile(file: string, loadYaml: (text: string) => unknown): Kubeconfig {
  const text = readFileSync(file, "utf8");
  // A reader of YAML throws for a file without a document.
  const isEmpty = text.split("\n").every((line) => /^\s*(?:#.*|---)?\s*$/.test(line));
  const root = new Entry(isEmpty ? {} : loadYaml(text));
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

function named<T>(root: Entry, list: string, field: string, read: (entry: Entry) => T): Map<string, T> {
  const found = new Map<string, T>();
  for (const entry of root.entries(list)) {
    const name = entry.text("name") ?? "";
    if (found.has(name)) {
      throw new Error(`it has two ${list} named ${name}`);
    }
    found.set(name, read(entry.entry(field)));
  }
  return found;
}

function contextOf(entry: Entry): KubeContext {
  return { cluster: entry.text("cluster"), user: entry.text("user"), namespace: entry.text("namespace") };
}

/** The name of the extension that is for programs that give credentials. */
const EXEC_EXTENSION = "client.authentication.k8s.io/exec";

function clusterOf(entry: Entry, folder: string): KubeCluster {
  const extension = entry.entries("extensions").find((each) => each.text("name") === EXEC_EXTENSION);
  return {
    server: entry.text("server"),
    tlsServerName: entry.text("tls-server-name"),
    skipTLSVerify: entry.flag("insecure-skip-tls-verify"),
    caData: entry.base64("certificate-authority-data"),
    caFile: absolute(entry.text("certificate-authority"), folder),
    proxyUrl: entry.text("proxy-url"),
    execConfig: extension?.value("extension"),
  };
}

const IMPERSONATION = ["as-uid", "as-groups", "as-user-extra"];

function userOf(entry: Entry, folder: string): KubeUser {
  return {
    token: entry.text("token"),
    tokenFile: absolute(entry.text("tokenFile"), folder),
    certData: entry.base64("client-certificate-data"),
    certFile: absolute(entry.text("client-certificate"), folder),
    keyData: entry.base64("client-key-data"),
    keyFile: absolute(entry.text("client-key"), folder),
    username: entry.text("username"),
    password: entry.text("password"),
    impersonateUser: entry.text("as"),
    impersonation: IMPERSONATION.filter((name) => entry.value(name) !== undefined),
    exec: entry.value("exec") === undefined ? undefined : execOf(entry.entry("exec"), folder),
    authProvider: entry.value("auth-provider"),
  };
}

function execOf(entry: Entry, folder: string): KubeExec {
  const command = entry.text("command");
  return {
    // Without a separator it is looked for on PATH.
    command: command?.includes(path.sep) ? absolute(command, folder) : command,
    args: entry.texts("args"),
    env: Object.fromEntries(entry.entries("env").map((each) => [each.text("name") ?? "", each.text("value") ?? ""])),
    apiVersion: entry.text("apiVersion"),
    interactiveMode: entry.text("interactiveMode"),
    provideClusterInfo: entry.flag("provideClusterInfo"),
  };
}

function absolute(file: string | undefined, folder: string): string | undefined {
  return file === undefined ? undefined : path.resolve(folder, file);
}
