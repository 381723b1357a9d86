import * as assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { isRunning } from "../../scripts/setup/service";
import { type ProviderName, standinOf } from "./support/plugins";

/** Starts a plugin, says its number and its port, and lives on. */
const ENGINE = `
const child = require("node:child_process").spawn(process.argv[1], ["127.0.0.1:9"], { stdio: ["ignore", "pipe", "inherit"] });
child.stdout.once("data", (port) => console.log(child.pid + " " + port));
setInterval(() => {}, 1000);
`;

for (const name of ["docker", "kubernetes"] satisfies ProviderName[]) {
  describe(`${name} stand-in: its process`, () => {
    it("ends when the engine that started it was killed", async () => {
      const engine = spawn(process.execPath, ["--eval", ENGINE, standinOf(name).file], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [line] = await once(createInterface(engine.stdout), "line");
      const [pid, port] = line.split(" ");
      assert.match(port, /^\d+$/);
      const service = { pid: Number(pid), mark: "standins" };
      assert.equal(isRunning(service), true);
      engine.kill("SIGKILL");
      for (let tries = 0; tries < 600 && isRunning(service); tries++) {
        await sleep(50);
      }
      assert.equal(isRunning(service), false);
    });
  });
}
