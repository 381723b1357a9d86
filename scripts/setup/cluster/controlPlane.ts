import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import * as path from "node:path";
import { freePort } from "../registry";
import { type Service, startService } from "../service";
import type { Network } from "./network";

export interface ControlPlanePlace {
  home: string;
  network: Network;
  /** The folder of Kubernetes' programs. */
  programs: string;
  etcd: string;
  started(service: Service): void;
}

/** What this Kubernetes has and newer ones have by default. */
export const FEATURES = ["ImageVolume"];

/** Starts etcd, the API server, the controllers and the scheduler on loopback. Returns a kubeconfig of an administrator. */
export async function startControlPlane(place: ControlPlanePlace): Promise<string> {
  const { home, programs, started } = place;
  mkdirSync(home, { recursive: true });
  const program = (name: string, args: string[], answers = async () => true) =>
    startService({
      command: path.join(programs, name),
      args,
      mark: home,
      logFile: path.join(home, `${name}.log`),
      answers,
      started,
    });

  const etcdUrl = await startEtcd(place);
  const port = await freePort();
  const secrets = writeSecrets(home);
  await program("kube-apiserver", apiServerArgs(place, port, etcdUrl, secrets), () => isReady(port));
  const kubeconfig = writeKubeconfig(home, port, secrets.token);
  const common = ["--kubeconfig", kubeconfig, "--bind-address=127.0.0.1", "--secure-port=0", "--leader-elect=false"];
  await Promise.all([
    program("kube-controller-manager", [...common, "--service-account-private-key-file", secrets.keyFile]),
    program("kube-scheduler", common),
  ]);
  return kubeconfig;
}

async function startEtcd({ home, etcd, started }: ControlPlanePlace): Promise<string> {
  const [url, peerUrl] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  const args = ["--name=node", `--initial-cluster=node=${peerUrl}`, "--data-dir", path.join(home, "etcd")];
  args.push(`--listen-client-urls=${url}`, `--advertise-client-urls=${url}`);
  args.push(`--listen-peer-urls=${peerUrl}`, `--initial-advertise-peer-urls=${peerUrl}`);
  await startService({
    command: etcd,
    args,
    mark: home,
    logFile: path.join(home, "etcd.log"),
    answers: async () => (await fetch(`${url}/health`).catch(() => undefined))?.ok ?? false,
    started,
  });
  return url;
}

interface Secrets {
  token: string;
  tokenFile: string;
  keyFile: string;
}

function writeSecrets(home: string): Secrets {
  const secrets = {
    token: randomBytes(20).toString("hex"),
    tokenFile: path.join(home, "tokens.csv"),
    keyFile: path.join(home, "service-accounts.key"),
  };
  writeFileSync(secrets.tokenFile, `${secrets.token},admin,admin,system:masters\n`, { mode: 0o600 });
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(secrets.keyFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  return secrets;
}

function apiServerArgs(
  { home, network }: ControlPlanePlace,
  port: number,
  etcdUrl: string,
  secrets: Secrets,
): string[] {
  return [
    `--etcd-servers=${etcdUrl}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    `--advertise-address=${network.nodeAddress}`,
    "--endpoint-reconciler-type=none",
    `--service-cluster-ip-range=${network.serviceSubnet}`,
    "--cert-dir",
    certificates(home),
    "--token-auth-file",
    secrets.tokenFile,
    "--service-account-key-file",
    secrets.keyFile,
    "--service-account-signing-key-file",
    secrets.keyFile,
    "--service-account-issuer=https://kubernetes.default.svc",
    "--authorization-mode=RBAC",
    // Pods here have nothing to ask the API server for.
    "--disable-admission-plugins=ServiceAccount",
    `--feature-gates=${FEATURES.map((feature) => `${feature}=true`).join()}`,
    // The node's name does not resolve.
    "--kubelet-preferred-address-types=InternalIP",
  ];
}

function certificates(home: string): string {
  return path.join(home, "certificates");
}

/** Whether the API server says so; it is ours, so its certificate needs no proof here. */
function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ port, host: "127.0.0.1", path: "/readyz", rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on("error", () => resolve(false)).end();
  });
}

function writeKubeconfig(home: string, port: number, token: string): string {
  const authority = readFileSync(path.join(certificates(home), "apiserver.crt")).toString("base64");
  const file = path.join(home, "kubeconfig");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "test", cluster: { server: `https://127.0.0.1:${port}`, "certificate-authority-data": authority } },
    ],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
    "current-context": "test",
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
