import { mkdir, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import * as path from "node:path";
import { ensureProgram } from "./debian";
import { during, say } from "./say";
import { isRunning, type Service, startService } from "./service";

export interface Registry {
  /** host:port, on loopback. */
  host: string;
  /** What was started, if anything was. */
  service: Service | undefined;
  /** Every request, a line each. */
  logFile: string;
}

const NONE =
  "install a registry, for instance Debian's docker-registry, or run one on this port: docker run -p 127.0.0.1:5000:5000 registry:2";

/** A registry at a loopback port: what answers there already, or one of our own whose data is in `home`. */
export async function ensureRegistry(home: string, port: number, known?: Registry): Promise<Registry> {
  const host = `127.0.0.1:${port}`;
  const logFile = path.join(home, "log");
  if (await isRegistry(host)) {
    const own = known?.service && isRunning(known.service);
    if (!own) {
      say(`A registry answers at ${host} already and is used.`);
    }
    return { host, service: own ? known.service : undefined, logFile };
  }
  const program = await ensureProgram("docker-registry", "docker-registry", NONE);
  await mkdir(home, { recursive: true });
  const config = path.join(home, "config.yml");
  await writeFile(
    config,
    [
      "version: 0.1",
      "log: {accesslog: {disabled: false}, level: warn}",
      `storage: {filesystem: {rootdirectory: ${JSON.stringify(path.join(home, "data"))}}, delete: {enabled: true}}`,
      `http: {addr: ${JSON.stringify(host)}}`,
      "",
    ].join("\n"),
  );
  const start = startService(program, ["serve", config], logFile, config, () => isRegistry(host));
  const service = await during(`Starting a registry at ${host}`, start);
  return { host, service, logFile };
}

export async function isRegistry(host: string): Promise<boolean> {
  try {
    const response = await fetch(`http://${host}/v2/`, { signal: AbortSignal.timeout(2_000) });
    return response.headers.get("docker-distribution-api-version") !== null || response.status === 401;
  } catch {
    return false;
  }
}

/** A port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
