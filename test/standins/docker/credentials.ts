import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";
import type { Log } from "../plugin";

/** What the daemon takes for a push or a pull. */
export interface Login {
  username: string;
  password: string;
  serveraddress: string;
  identitytoken?: string;
}

export interface Registry {
  server?: string;
  username?: string;
  password?: string;
}

interface DockerConfig {
  auths?: Record<string, { auth?: string; identitytoken?: string }>;
  credHelpers?: Record<string, string>;
  credsStore?: string;
}

/** The program's own credentials if it gives both parts, else those that Docker knows for the host. */
export async function credentialsFor(host: string, registry: Registry, log: Log): Promise<Login> {
  const { server, username, password } = registry;
  const serveraddress = server ? hostOf(server) : host;
  if (username && password) {
    return { username, password, serveraddress };
  }
  if (username || password) {
    const [missing, given] = username ? ["password", "username"] : ["username", "password"];
    await log("warning", `${missing} was not set, although ${given} was: Docker's own credentials are used`);
  }
  return userCredentials(serveraddress);
}

/** What Docker's configuration and credential helpers say of a host; empty strings if nothing. */
export function userCredentials(host: string): Login {
  const file = path.join(process.env.DOCKER_CONFIG || path.join(homedir(), ".docker"), "config.json");
  const config: DockerConfig = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  const serveraddress = ["docker.io", "index.docker.io", "registry-1.docker.io"].includes(host)
    ? "https://index.docker.io/v1/"
    : host;
  const helper = config.credHelpers?.[serveraddress] ?? config.credsStore;
  const found = helper ? askHelper(helper, serveraddress) : fromAuths(config, serveraddress);
  return { username: "", password: "", serveraddress, ...found };
}

function fromAuths({ auths = {} }: DockerConfig, host: string): Partial<Login> {
  const entry = auths[host] ?? Object.entries(auths).find(([key]) => hostOf(key) === host)?.[1];
  const [username = "", ...password] = Buffer.from(entry?.auth ?? "", "base64")
    .toString()
    .split(":");
  return withIdentityToken({ username, password: password.join(":") }, entry?.identitytoken);
}

function askHelper(helper: string, host: string): Partial<Login> {
  // A helper that does not read what it is told may still answer, so its status counts, and not the error of the pipe.
  const { status, stdout, error } = spawnSync(`docker-credential-${helper}`, ["get"], {
    input: host,
    encoding: "utf8",
  });
  if (status !== 0 && stdout?.includes("credentials not found")) {
    return {};
  }
  if (status !== 0) {
    throw new Error(`error getting credentials of ${host}: ${stdout?.trim() || error?.message}`);
  }
  const { Username, Secret } = JSON.parse(stdout) as { Username: string; Secret: string };
  // A helper says by this name that what it holds is a token.
  return Username === "<token>"
    ? withIdentityToken({ username: "", password: "" }, Secret)
    : { username: Username, password: Secret };
}

function withIdentityToken(credentials: Partial<Login>, token: string | undefined): Partial<Login> {
  return token ? { ...credentials, identitytoken: token } : credentials;
}

function hostOf(server: string): string {
  return server.replace(/^https?:\/\//, "").split("/")[0] ?? server;
}
