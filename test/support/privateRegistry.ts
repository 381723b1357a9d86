import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export const USER = "user";
/** A password that is looked for wherever it must not be. */
export const CANARY = "canary-5f3a-secret";
/** Its bcrypt hash, as `htpasswd -nbB` prints it. */
const HASH = "$2b$04$JVuSirx4HoUXUO..JElhzuM/bDJZPY.O2XkVTyREud2WSUbLoBf2m";

/** A real registry on 127.0.0.1 that wants a user's name and password. */
export class PrivateRegistry {
  private constructor(
    readonly host: string,
    private readonly child: ChildProcess,
    private readonly home: string,
  ) {}

  /** Whether there is a registry's program to start. */
  static isAvailable(): boolean {
    try {
      execFileSync("docker-registry", ["--version"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  }

  static async start(): Promise<PrivateRegistry> {
    const home = mkdtempSync(path.join(tmpdir(), "registry-"));
    const host = `127.0.0.1:${await freePort()}`;
    writeFileSync(path.join(home, "htpasswd"), `${USER}:${HASH}\n`);
    writeFileSync(
      path.join(home, "config.yml"),
      JSON.stringify({
        version: 0.1,
        log: { level: "error" },
        storage: { filesystem: { rootdirectory: path.join(home, "data") } },
        http: { addr: host },
        auth: { htpasswd: { realm: "test", path: path.join(home, "htpasswd") } },
      }),
    );
    const child = spawn("docker-registry", ["serve", path.join(home, "config.yml")], { stdio: "ignore" });
    const registry = new PrivateRegistry(host, child, home);
    for (let tries = 0; tries < 100; tries++) {
      const status = await fetch(`http://${host}/v2/`).then(
        (response) => response.status,
        () => 0,
      );
      if (status === 401) {
        return registry;
      }
      await sleep(100);
    }
    await registry.stop();
    throw new Error(`the private registry at ${host} did not start`);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill();
    await ended;
    rmSync(this.home, { recursive: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
