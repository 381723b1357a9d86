import type { User } from "@kubernetes/client-node";
import { VersionedImageError } from "../../components/errors";
import { base64Of, contentOf } from "./fileContent";
import type { KubeCluster, KubeExec, KubeUser } from "./kubeconfigFile";
import { type CredentialProgram, PROGRAM } from "./programAuth";
import type { Server } from "./server";

/**
 * A user as the client has it, with what its files hold. A program that gives credentials is not run yet, the client does when
 * it asks. Throws ClusterFailed for what the client would leave out, and so ask as somebody else.
 */
export function credentialsOf(name: string, user: KubeUser, cluster: KubeCluster, server: Server): User {
  const { impersonateUser, impersonation, certData, certFile, keyData, keyFile, username, password } = user;
  if (impersonation.length > 0) {
    throw refused(name, `acts as another one by ${impersonation.join(" and ")}, which is not supported`);
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
    throw new VersionedImageError("ClusterFailed", `The token file of ${whose} is empty: ${tokenFile}. Log in anew.`);
  }
  return found ?? token;
}

/** With what the program is told of the cluster; it can't ask anybody. */
function programOf(name: string, exec: KubeExec, cluster: KubeCluster, server: Server): CredentialProgram {
  const { command, args, env, apiVersion, interactiveMode, provideClusterInfo } = exec;
  if (command === undefined || apiVersion === undefined) {
    throw refused(
      name,
      `has a program for its credentials without ${command === undefined ? "command" : "apiVersion"}`,
    );
  }
  if (interactiveMode === "Always") {
    throw refused(name, `has its credentials of ${command}, which wants a terminal (interactiveMode: Always)`);
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
  return new VersionedImageError(
    "ClusterFailed",
    `The user ${name} of the kubeconfig ${why}: name a context of another user with --kube-context.`,
  );
}
