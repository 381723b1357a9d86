import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../scripts/setup/registry";

/** A real registry on 127.0.0.1 that a test starts for itself. */
export class OwnRegistry {
  private constructor(
    readonly host: string,
    private readonly child: ChildProcess,
    private readonly home: string,
  ) {}

  /** Whether there is a registry's program to start. */
  static isAvailable(program = "docker-registry"): boolean {
    try {
      execFileSync(program, ["--version"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  }

  /** `htpasswd`: the users that it lets in, with their passwords' hashes. Default: it lets everyone in. */
  static async start(htpasswd?: string, program = "docker-registry"): Promise<OwnRegistry> {
    const home = mkdtempSync(path.join(tmpdir(), "registry-"));
    const host = `127.0.0.1:${await freePort()}`;
    const users = path.join(home, "htpasswd");
    writeFileSync(users, htpasswd ?? "");
    writeFileSync(
      path.join(home, "config.yml"),
      JSON.stringify({
        version: 0.1,
        log: { level: "error" },
        storage: { filesystem: { rootdirectory: path.join(home, "data") } },
        http: { addr: host },
        ...(htpasswd !== undefined && { auth: { htpasswd: { realm: "test", path: users } } }),
      }),
    );
    const child = spawn(program, ["serve", path.join(home, "config.yml")], { stdio: "ignore" });
    const registry = new OwnRegistry(host, child, home);
    for (let tries = 0; tries < 100; tries++) {
      const status = await fetch(`http://${host}/v2/`).then(
        (response) => response.status,
        () => 0,
      );
      if (status === (htpasswd === undefined ? 200 : 401)) {
        return registry;
      }
      await sleep(100);
    }
    await registry.stop();
    throw new Error(`the registry at ${host} did not start`);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill();
    await ended;
    rmSync(this.home, { recursive: true });
  }
}

/** Where a registry of a suite is, once that runs. */
export interface Address {
  readonly host: string;
}

/** Starts two registries for a suite's tests, and stops them after those; without a program for that, the suite is left out. Call it within `describe`. */
export function twoRegistries(
  program = "docker-registry",
  startOther = () => OwnRegistry.start(undefined, program),
): [one: Address, other: Address] {
  const started: OwnRegistry[] = [];
  before(async function () {
    if (!OwnRegistry.isAvailable(program)) {
      console.log(`      left out: there is no ${program}`);
      this.skip();
    }
    started.push(...(await Promise.all([OwnRegistry.start(undefined, program), startOther()])));
  });
  after(() => Promise.all(started.map((registry) => registry.stop())));
  const at = (index: number): Address => ({
    get host() {
      return (started[index] as OwnRegistry).host;
    },
  });
  return [at(0), at(1)];
}
