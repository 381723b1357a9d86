import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { main as command, untilInterrupted } from "../scripts/dev";
import { prepare, type Services, stop } from "../scripts/setup";
import { ensureBuildKit, ensureBuildx, pathWithBuildKit, startBuildKit } from "../scripts/setup/buildKit";
import { freePort } from "../scripts/setup/registry";
import { MissingError } from "../scripts/setup/say";
import { type Service, stopService } from "../scripts/setup/service";
import { buildKitRow } from "./buildKit";
import { compile } from "./built";
import { copyRows } from "./copy";
import { engineRows } from "./engine";
import { gitRows } from "./git";
import { publishRows } from "./publish";
import { realHistoryRows } from "./realHistory";
import type { Row } from "./row";

const [json, quick, onlyGit, onlyEngine, onlyPublish] = ["--json", "--quick", "--git", "--engine", "--publish"].map(
  (flag) => process.argv.includes(flag),
);

let daemon: Service | undefined;

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
    return await untilInterrupted(rowsOn(home, registry.host));
  } finally {
    await stop(services);
    if (daemon) {
      await stopService(daemon);
    }
    rmSync(home, { recursive: true, force: true });
  }
}

async function rowsOn(home: string, registryHost: string): Promise<Row[]> {
  return [
    ...(onlyPublish ? [] : await engineRows({ progress, ...(quick && { images: [1], rounds: 3 }) })),
    ...(await builds(home, registryHost)),
  ];
}

/** What is built outside of a program, too; with BuildKit where that can be had. */
async function builds(home: string, registryHost: string): Promise<Row[]> {
  const rounds = quick ? 3 : 5;
  const calls = async (dockerConfig: string | undefined) => {
    compile();
    return [
      ...(await copyRows(rounds, progress)),
      ...(await publishRows({ rounds, quick: quick === true, dockerConfig, progress })),
    ];
  };
  try {
    progress("comparing BuildKit with a script of docker buildx build");
    const [programs, buildx] = [await ensureBuildKit(), await ensureBuildx()];
    process.env.PATH = await pathWithBuildKit(programs, process.env);
    const dockerConfig = await startBuildKit({
      home: path.join(home, "buildkit"),
      programs,
      name: "farm",
      buildx,
      registries: [registryHost],
      started: (service) => {
        daemon = service;
      },
    });
    return [...(onlyPublish ? [] : [await buildKitRow(dockerConfig, rounds)]), ...(await calls(dockerConfig))];
  } catch (error) {
    if (error instanceof MissingError) {
      progress(`BuildKit is not measured: ${error.message}.`);
      return calls(undefined);
    }
    throw error;
  }
}

async function main(): Promise<void> {
  const root = optionValue("--repository");
  const count = Number(optionValue("--directories") ?? 200);
  const rows = root === undefined ? await made() : await realHistoryRows({ root, directories: count, progress });
  process.stdout.write(json ? `${JSON.stringify({ rows })}\n` : table(rows));
}

/** The value of an option, if it is given. */
function optionValue(option: string): string | undefined {
  const at = process.argv.indexOf(option);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** Of repositories and stacks that are made for it. */
async function made(): Promise<Row[]> {
  return [
    ...(onlyEngine || onlyPublish
      ? []
      : await gitRows({ progress, ...(quick && { commits: [100], directories: [1, 10] }) })),
    ...(onlyGit ? [] : await engine()),
  ];
}

function table(rows: Row[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.map(
    ({ name, ratio, target, met }) =>
      `${name.padEnd(width)}  ${ratio.toFixed(2).padStart(7)}  ${target}  ${met ? "met" : "MISSED"}`,
  );
  return `${lines.join("\n")}\n`;
}

void command(main);
