import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { SoakFailure } from "../test/soak/failure";
import { soak } from "../test/soak/soak";
import { main } from "./dev";
import { prepare, type Services, stop } from "./setup";
import { clusterObstacle } from "./setup/cluster";
import { freePort } from "./setup/registry";
import { MissingError, say } from "./setup/say";

/** The long form of test/soak/soak.test.ts. */
const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    steps: { type: "string", default: "200" },
    images: { type: "string", default: "30" },
    /** No step begins after so many minutes. */
    minutes: { type: "string", default: "120" },
    /** Deployments go to a Kubernetes cluster. */
    cluster: { type: "boolean", default: false },
  },
});

let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    interrupted = true;
    say("Terminated: waiting for the current step, then stopping what was started …");
  });
}

void main(async () => {
  const [seed, steps, images, minutes] = [values.seed, values.steps, values.images, values.minutes].map(Number);
  if (![seed, steps, images, minutes].every((number) => number !== undefined && number >= 1)) {
    throw new MissingError("--seed, --steps, --images and --minutes must be numbers of at least 1.");
  }
  const obstacle = values.cluster ? clusterObstacle() : undefined;
  if (obstacle) {
    throw new MissingError(`No cluster to deploy to: ${obstacle}.`);
  }
  const home = mkdtempSync(path.join(tmpdir(), "soak-"));
  const end = Date.now() + Number(minutes) * 60_000;
  let services: Services = {};
  try {
    const { env, standins } = await prepare({
      home,
      registryPort: await freePort(),
      started: (running) => {
        services = running;
      },
    });
    Object.assign(process.env, env);
    const report = await soak({
      seed: Number(seed),
      steps: Number(steps),
      images: Number(images),
      cluster: values.cluster,
      progress: (line) => console.log(line),
      isOver: () => interrupted || Date.now() > end,
    });
    console.log(
      [
        `\nseed ${seed}, ${images} images, stand-ins for ${standins.join(" and ") || "no plugin"}`,
        ...report.lines(),
      ].join("\n"),
    );
  } catch (error) {
    // A check that failed says all in its message; of any other error the stack is needed.
    if (!(error instanceof SoakFailure) || error.cause !== undefined) {
      throw error;
    }
    console.error(error.message);
    process.exitCode = 1;
  } finally {
    await stop(services);
    rmSync(home, { recursive: true, force: true });
  }
});
