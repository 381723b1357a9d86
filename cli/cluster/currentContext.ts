import { readFileSync } from "node:fs";
import * as path from "node:path";
import type { User } from "@kubernetes/client-node";
import type { VersionedImageError } from "../../components/errors";
import { isLoopback } from "../../components/registry";
import { clusterFailed } from "./clusterFailed";
import type { KubeCluster, Kubeconfig, KubeExec, KubeUser } from "./kubeconfig";
import { type CredentialProgram, PROGRAM } from "./programAuth";

/** What the current context says is asked: that one alone, with its cluster and its user, as the client has them. Throws ClusterFailed where it names what is not there. */
export function currentOf({ currentContext, contexts, clusters, users }: Kubeconfig) {
  if (currentContext === undefined) {
    const known = [...contexts.keys()].join(", ");
    throw clusterFailed(
      "No cluster is configured. Name a kubeconfig with a current context by --kubeconfig or KUBECONFIG" +
        (known === "" ? "." : `, or set one of ${known} with kubectl config use-context.`),
    );
  }
  const context = contexts.get(currentContext);
  if (!context) {
    throw broken(
      currentContext,
      "is the current one, but is in no kubeconfig",
      "Set another with kubectl config use-context",
    );
  }
  const { cluster: clusterName, user: userName } = context;
  const cluster = clusterName === undefined ? undefined : clusters.get(clusterName);
  if (clusterName === undefined || !cluster) {
    const lacks =
      clusterName === undefined ? "has no cluster" : `has the cluster ${clusterName}, which is in no kubeconfig`;
    throw broken(currentContext, lacks, `Set it with kubectl config set-context ${currentContext} --cluster`);
  }
  const user = userName === undefined ? undefined : users.get(userName);
  if (userName !== undefined && !user) {
    const lacks = `has the user ${userName}, which is in no kubeconfig`;
    throw broken(currentContext, lacks, `Set it with kubectl config set-context ${currentContext} --user`);
  }
  const server = serverOf(clusterName, cluster);
  // The client checks the server's certificate only where there is a user.
  const name = userName ?? "";
  return {
    clusters: [server],
    users: [user ? credentialsOf(name, user, cluster, server) : ({ name } satisfies User)],
    contexts: [{ name: currentContext, cluster: clusterName, user: name, namespace: context.namespace }],
    currentContext,
  };
}

function broken(context: string, why: string, advice: string): VersionedImageError {
  return clusterFailed(
    `The context ${context} ${why}. ${advice}, or add its file to KUBECONFIG, separated by "${path.delimiter}".`,
  );
}

type Server = ReturnType<typeof serverOf>;

/** The API server of a cluster, as the client has it. Throws ClusterFailed where there is none, or one that would be asked in plain text over a network. */
function serverOf(name: string, cluster: KubeCluster) {
  const { server, caData, caFile, tlsServerName, skipTLSVerify, proxyUrl } = cluster;
  if (server === undefined) {
    throw clusterFailed(
      `The cluster ${name} in the kubeconfig has no server. Set one with kubectl config set-cluster ${name} --server.`,
    );
  }
  // As kubectl takes it.
  const usesTls = skipTLSVerify || caData !== undefined || caFile !== undefined;
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(server) ? server : `${usesTls ? "https" : "http"}://${server}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:") {
    throw clusterFailed(
      `The server of the cluster ${name} is not the address of an API server: ${server}. Use one that begins ` +
        "with https://.",
    );
  }
  const isPlain = url.protocol === "http:";
  if (isPlain && !isLoopback(url.host)) {
    throw clusterFailed(
      `${address} does not use TLS, so anybody on the network could answer. Use an https:// server for the ` +
        `cluster ${name}, or one on this machine, as kubectl proxy starts.`,
    );
  }
  return {
    name,
    server: address.replace(/\/$/, ""),
    caData: base64Of(caData, caFile, `the cluster ${name}`),
    tlsServerName,
    // The client takes this for leave to speak plain HTTP as well.
    skipTLSVerify: isPlain || skipTLSVerify,
    proxyUrl,
  };
}

/**
 * A user as the client has it, with what its files hold. A program that gives credentials is not run yet, the client does when
 * it asks. Throws ClusterFailed for what the client would leave out, and so ask as somebody else.
 */
function credentialsOf(name: string, user: KubeUser, cluster: KubeCluster, server: Server): User {
  const { impersonateUser, impersonation, certData, certFile, keyData, keyFile, username, password } = user;
  if (impersonation.length > 0) {
    throw refused(name, `uses impersonation (${impersonation.join(", ")}), which is not supported`);
  }
  const whose = `the user ${name}`;
  const known: User = {
    name,
    impersonateUser,
    certData: base64Of(certData, certFile, whose),
    keyData: base64Of(keyData, keyFile, whose),
  };
  const token = tokenOf(user, whose);
  if (server.server.startsWith("http:") && !cluster.skipTLSVerify) {
    // As kubectl, nothing secret in plain text; only where the kubeconfig does without checks by itself.
    return { name, impersonateUser };
  }
  // For kubectl, too, what is written there is used before a program is asked.
  const exec = token === undefined && username === undefined ? user.exec : undefined;
  return {
    ...known,
    token,
    username,
    password,
    authProvider: exec ? { name: PROGRAM, config: programOf(name, exec, cluster, server) } : user.authProvider,
  };
}

/** The file's token is the newer one. */
function tokenOf({ token, tokenFile }: KubeUser, whose: string): string | undefined {
  const found = contentOf(tokenFile, whose)?.toString("utf8").trim();
  if (found === "") {
    throw clusterFailed(`The token file of ${whose} is empty: ${tokenFile}. Log in again.`);
  }
  return found ?? token;
}

/** With what the program is told of the cluster; it can't ask anybody. */
function programOf(name: string, exec: KubeExec, cluster: KubeCluster, server: Server): CredentialProgram {
  const { command, args, env, apiVersion, interactiveMode, provideClusterInfo } = exec;
  if (command === undefined || apiVersion === undefined) {
    throw refused(name, `has an exec plugin without ${command === undefined ? "command" : "apiVersion"}`);
  }
  if (interactiveMode === "Always") {
    throw refused(name, `gets its credentials from ${command}, which needs a terminal (interactiveMode: Always)`);
  }
  const told = {
    server: server.server,
    "tls-server-name": server.tlsServerName,
    "insecure-skip-tls-verify": cluster.skipTLSVerify || undefined,
    "certificate-authority-data": server.caData,
    "proxy-url": server.proxyUrl,
    config: cluster.execConfig,
  };
  const spec = { interactive: false, cluster: provideClusterInfo ? told : undefined };
  const info = JSON.stringify({ kind: "ExecCredential", apiVersion, spec });
  return { command, args, env: { ...env, KUBERNETES_EXEC_INFO: info } };
}

function refused(name: string, why: string): VersionedImageError {
  return clusterFailed(
    `The user ${name} in the kubeconfig ${why}. Name a context with another user by --kube-context.`,
  );
}

/** What a file that a kubeconfig names holds; undefined where it names none. Throws ClusterFailed. */
function contentOf(file: string | undefined, whose: string): Buffer | undefined {
  try {
    return file === undefined ? undefined : readFileSync(file);
  } catch (error) {
    throw clusterFailed(
      `A file of ${whose} in the kubeconfig can't be read: ${(error as Error).message}. Create it, or fix the ` +
        "kubeconfig; a relative path is relative to the kubeconfig.",
      error,
    );
  }
}

/** In base64, what is given by itself or as a file; both are refused, as by kubectl. Throws ClusterFailed. */
function base64Of(data: string | undefined, file: string | undefined, whose: string): string | undefined {
  if (data !== undefined && file !== undefined) {
    throw clusterFailed(`The kubeconfig has ${file} for ${whose}, and also the same as data. Remove one of them.`);
  }
  return data ?? contentOf(file, whose)?.toString("base64");
}
