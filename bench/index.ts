import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { prepare, type Services, stop } from "../scripts/setup";
import { freePort } from "../scripts/setup/registry";
import { engineRows } from "./engine";
import { gitRows } from "./git";
import type { Row } from "./row";

const [json, quick, onlyGit, onlyEngine] = ["--json", "--quick", "--git", "--engine"].map((flag) =>
  process.argv.includes(flag),
);

/** Everything but the result goes to standard error, so that `--json` can be read by a program. */
function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function engine(): Promise<Row[]> {
  const home = mkdtempSync(path.join(tmpdir(), "bench-"));
  let services: Services = {};
  console.log = (...words) => progress(words.join(" "));
  try {
    const { env, registry } = await prepare({
      home,
      registryPort: await freePort(),
      started: (running) => {
        services = running;
      },
    });
    Object.assign(process.env, env, {
      VERSIONED_IMAGE_TEST_REGISTRY: registry.host,
      VERSIONED_IMAGE_TEST_REGISTRY_LOG: registry.logFile,
    });
    return await engineRows({ progress, ...(quick && { images: [1], rounds: 3 }) });
  } finally {
    await stop(services);
    rmSync(home, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const rows = [
    ...(onlyEngine ? [] : await gitRows({ progress, ...(quick && { commits: [100], directories: [1, 10] }) })),
    ...(onlyGit ? [] : await engine()),
  ];
  process.stdout.write(json ? `${JSON.stringify({ rows })}\n` : table(rows));
}

function table(rows: Row[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.map(
    ({ name, ratio, target, met }) =>
      `${name.padEnd(width)}  ${ratio.toFixed(2).padStart(7)}  ${target}  ${met ? "met" : "MISSED"}`,
  );
  return `${lines.join("\n")}\n`;
}

void main();
