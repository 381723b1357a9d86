import { VersionedImageError } from "../../components/errors";
import { isLoopback } from "../../components/registry";
import { base64Of } from "./fileContent";
import type { KubeCluster } from "./kubeconfigFile";

/** A cluster as the client has it. */
export interface Server {
  name: string;
  /** The API server's address, without a slash at its end. */
  server: string;
  caData: string | undefined;
  tlsServerName: string | undefined;
  /** The client takes this for leave to speak plain HTTP as well. */
  skipTLSVerify: boolean;
  proxyUrl: string | undefined;
}

/** The API server of a cluster. Throws ClusterFailed where there is none, or one that would be asked in plain text over a network. */
export function serverOf(name: string, cluster: KubeCluster): Server {
  const { server, caData, caFile, tlsServerName, skipTLSVerify, proxyUrl } = cluster;
  if (server === undefined) {
    throw new VersionedImageError(
      "ClusterFailed",
      `The cluster ${name} of the kubeconfig has no server: set one with kubectl config set-cluster ${name} --server.`,
    );
  }
  // As kubectl takes it.
  const usesTls = skipTLSVerify || caData !== undefined || caFile !== undefined;
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(server) ? server : `${usesTls ? "https" : "http"}://${server}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:") {
    throw new VersionedImageError(
      "ClusterFailed",
      `The server of the cluster ${name} is no address of an API server: ${server}. Name one that begins with https://.`,
    );
  }
  const isPlain = url.protocol === "http:";
  if (isPlain && !isLoopback(url.host)) {
    throw new VersionedImageError(
      "ClusterFailed",
      `${address} would be asked in plain text, where anybody on the way can answer: name an https:// server for the ` +
        `cluster ${name}, or one on this machine, such as kubectl proxy starts.`,
    );
  }
  return {
    name,
    server: address.replace(/\/$/, ""),
    caData: base64Of(caData, caFile, `the cluster ${name}`),
    tlsServerName,
    skipTLSVerify: isPlain || skipTLSVerify,
    proxyUrl,
  };
}
