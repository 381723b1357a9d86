import { type ChildProcess, spawn } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { type Environment, prepare, type Services, stop } from "./setup";
import { ensureActionlint } from "./setup/actionlint";
import { staticBusybox } from "./setup/baseImage";
import { ensureBuildKit, ensureBuildx, pathWithBuildKit, startBuildKit } from "./setup/buildKit";
import { clusterObstacle, ensureCluster } from "./setup/cluster";
import { ensureKubectl } from "./setup/cluster/programs";
import { ensureCosign } from "./setup/cosign";
import { dockerAt } from "./setup/docker";
import { ensureDockerToday } from "./setup/dockerToday";
import { shortLivedFolder } from "./setup/memory";
import { ROOT } from "./setup/paths";
import { ensurePodman } from "./setup/podman";
import { ensureRegistry, ensureRegistryProgram, freePort } from "./setup/registry";
import { ensureRegistryToday } from "./setup/registryToday";
import { MissingError, say } from "./setup/say";
import { type Service, stopService } from "./setup/service";
import { turns } from "./setup/turns";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** Of each that failed, a line. */
  failures?: string[];
  /** How long each file took, in seconds. */
  files?: Record<string, number>;
}

const scratch = mkdtempSync(path.join(tmpdir(), "test-"));
const services: Services = {};

/**
 * All that a part of the tests needs; `npm test -- PART` runs one of them. They begin in this order: the longest first, so that
 * what runs at the same time ends at about the same time, with the quick checks before the others.
 */
const parts: Record<string, () => Promise<Counts>> = {
  engine: () => onEngine(["test/engine/**/*.test.ts"]),
  style: async () => {
    const style = await check("style (biome)", "@biomejs/biome/bin/biome", ["check"]);
    const rooms = await check("rooms (dependency-cruiser)", CRUISER, ["components", "cli", "plugin"]);
    const checks = [style, rooms, await workflows()];
    const sum = (count: "passed" | "failed" | "skipped") => checks.reduce((total, counts) => total + counts[count], 0);
    return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
  },
  types: () => check("types (tsc)", "typescript/bin/tsc", ["--noEmit", "--incremental", "--tsBuildInfoFile", TYPES]),
  unit: () => unitTests(["test/unit/!(cli|git)/**/*.test.ts"]),
  component: () => unitTests(["test/component/**/*.test.ts", "test/schema/**/*.test.ts"]),
  git: () => unitTests(["test/unit/git/**/*.test.ts"]),
  publishing,
  commands: () => unitTests(["test/unit/cli/**/*.test.ts"]),
  buildKit,
  cluster,
  soak: () => onEngine(["test/soak/**/*.test.ts"]),
  package: () => mocha(["test/package/**/*.test.ts", "test/examples/**/*.test.ts"], process.env, false),
  providers: () => onEngine(["test/providers/**/*.test.ts"]),
};

/** Its package has no name for it. The table of rooms is in .dependency-cruiser.cjs. */
const CRUISER = path.join(ROOT, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");

/** What the last check of types has found, so that the next one looks at what has changed since. */
const TYPES = path.join(ROOT, "node_modules/.cache/types.tsbuildinfo");

/** So many parts run at the same time: each waits for others much of the time. */
const AT_ONCE = 3;

/** The Docker daemon, registry and plugins that both engine and cluster need. */
function prepared(): Promise<Environment> {
  environment ??= freePort().then((registryPort) =>
    prepare({ home: scratch, registryPort, started: (running) => Object.assign(services, running) }),
  );
  return environment;
}

let environment: Promise<Environment> | undefined;

function onServices({ env, registry }: Environment): NodeJS.ProcessEnv {
  return {
    ...env,
    VERSIONED_IMAGE_TEST_REGISTRY: registry.host,
    VERSIONED_IMAGE_TEST_REGISTRY_LOG: registry.logFile,
    // Hundreds of programs and stand-ins are started, and each would compile Pulumi's SDK anew.
    NODE_COMPILE_CACHE: path.join(scratch, "compile-cache"),
  };
}

async function onEngine(files: string[], more: NodeJS.ProcessEnv = {}): Promise<Counts> {
  const ready = await prepared();
  const counts = await mocha(files, { ...onServices(ready), ...more }, false);
  if (ready.standins.length > 0) {
    say(`The engine ran with stand-ins for the provider plugins of ${ready.standins.join(" and ")}.`);
  }
  return counts;
}

async function unitTests(files: string[]): Promise<Counts> {
  unitEnvironment ??= withPrograms();
  // What is counted takes a fifth longer, in each program that a test starts.
  return mocha(files, await unitEnvironment, process.env.VERSIONED_IMAGE_TEST_COVERAGE !== undefined);
}

let unitEnvironment: Promise<NodeJS.ProcessEnv> | undefined;

/**
 * Signatures are tried with the real cosign, copies with registries of two generations, bake files with the real buildx, credentials with a registry
 * of each test's own, and kubeconfigs against kubectl,
 * where these can be had.
 */
async function withPrograms(): Promise<NodeJS.ProcessEnv> {
  await ifToBeHad("Some tests run without a registry of their own", ensureRegistryProgram);
  const cosign = await ifToBeHad("Signatures are not tested", ensureCosign);
  const registry = await ifToBeHad("Copies are only tested with the older registry", ensureRegistryToday);
  const kubectl = await ifToBeHad("Kubeconfigs are not compared with kubectl", ensureKubectl);
  const buildx = await ifToBeHad("Bake files are not tested with the real buildx", ensureBuildx);
  shortLived = shortLivedFolder("test-", shortLivedBytes());
  return {
    ...process.env,
    TMPDIR: shortLived,
    ...(buildx && { VERSIONED_IMAGE_TEST_BUILDX: buildx }),
    PATH: [process.env.PATH, cosign, registry && path.dirname(registry)].filter(Boolean).join(path.delimiter),
    ...withKubectl(kubectl),
  };
}

/** What the files of unit tests take at the most, in bytes: huge contexts, of which each test has a copy. */
function shortLivedBytes(): number {
  return (process.env.VERSIONED_IMAGE_LONG || process.env.VERSIONED_IMAGE_HUGE ? 8 : 2) * 1024 ** 3;
}

let shortLived: string | undefined;

function withKubectl(folder: string | undefined): NodeJS.ProcessEnv {
  return folder === undefined ? {} : { VERSIONED_IMAGE_TEST_KUBECTL: path.join(folder, "kubectl") };
}

/** Where a tag is in danger, a registry of today takes part, and a second Docker of today, where they can be had; the long form has more. */
async function publishing(): Promise<Counts> {
  await prepared();
  if (process.env.VERSIONED_IMAGE_DAEMONS?.includes("podman")) {
    await ifToBeHad("Podman is not tested", ensurePodman);
  }
  const dockerd = await ifToBeHad("The second Docker daemon is like the first", ensureDockerToday);
  const command = await ifToBeHad("The registry of the other parts is used", ensureRegistryToday);
  const registry =
    command &&
    (await ensureRegistry({
      home: path.join(scratch, "registry-today"),
      port: await freePort(),
      known: undefined,
      command,
      dockerHost: undefined,
      started: ({ service }) => {
        registryToday = service;
      },
    }));
  try {
    return await onEngine(["test/publishing/**/*.test.ts"], {
      ...(dockerd && { VERSIONED_IMAGE_TEST_DOCKERD_TODAY: dockerd }),
      ...(registry && {
        VERSIONED_IMAGE_TEST_REGISTRY: registry.host,
        VERSIONED_IMAGE_TEST_REGISTRY_LOG: registry.logFile,
      }),
    });
  } finally {
    await stopRegistryToday();
  }
}

/** Two daemons, which share nothing but the registry. */
async function buildKit(): Promise<Counts> {
  const { registry, env } = await prepared();
  const programs = await ifToBeHad("BuildKit is not tested", ensureBuildKit);
  const busybox = await ifToBeHad("BuildKit is not tested", () =>
    staticBusybox(mkdtempSync(path.join(scratch, "busybox-"))),
  );
  const buildx = await ifToBeHad("BuildKit is not tested", ensureBuildx);
  if (!programs || !busybox || !buildx) {
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const start = (folder: string) =>
    startBuildKit({
      home: path.join(scratch, folder),
      programs,
      name: "farm",
      buildx,
      registries: [registry.host],
      started: (service) => buildKits.push(service),
    });
  try {
    const [one, other] = [await start("buildkit"), await start("buildkit-other")];
    return await onEngine(["test/buildKit/**/*.test.ts"], {
      PATH: await pathWithBuildKit(programs, env),
      VERSIONED_IMAGE_TEST_BUILDKIT: one,
      VERSIONED_IMAGE_TEST_BUILDKIT_OTHER: other,
      VERSIONED_IMAGE_TEST_BUSYBOX: busybox,
    });
  } finally {
    await stopBuildKits();
  }
}

const buildKits: Service[] = [];

async function stopBuildKits(): Promise<void> {
  for (const service of buildKits.splice(0)) {
    await stopService(service);
  }
}

let registryToday: Service | undefined;

async function stopRegistryToday(): Promise<void> {
  if (registryToday) {
    await stopService(registryToday);
    registryToday = undefined;
  }
}

async function ifToBeHad(otherwise: string, get: () => Promise<string>): Promise<string | undefined> {
  try {
    return await get();
  } catch (error) {
    if (error instanceof MissingError) {
      say(`${otherwise}: ${error.message}.`);
      return undefined;
    }
    throw error;
  }
}

async function cluster(): Promise<Counts> {
  const obstacle = clusterObstacle();
  if (obstacle) {
    say(`Tests on a cluster are skipped: ${obstacle}.`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const ready = await prepared();
  const kubectl = await ifToBeHad("What a cluster uses is not tested", ensureKubectl);
  const kubeconfig = await ensureCluster({
    home: path.join(scratch, "cluster"),
    docker: dockerAt(ready.docker.host),
    registryHost: ready.registry.host,
    started: (stopCluster) => {
      stopOwnCluster = stopCluster;
    },
  });
  try {
    const env = { ...onServices(ready), ...withKubectl(kubectl), KUBECONFIG: kubeconfig };
    return await mocha(["test/cluster/**/*.test.ts"], env, false);
  } finally {
    // Others may run for minutes yet.
    await stopOwnCluster();
    stopOwnCluster = async () => {};
  }
}

let stopOwnCluster = async () => {};

function check(what: string, module: string, args: string[]): Promise<Counts> {
  return checkBy(process.execPath, what, [require.resolve(module), ...args]);
}

/** The project's own workflows, and the recipes that users copy. */
async function workflows(): Promise<Counts> {
  const actionlint = await ifToBeHad("Workflows are not checked", ensureActionlint);
  if (!actionlint) {
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const files = [".github/workflows/*.yml", "examples/ci/github-actions*.yml"].flatMap((files) =>
    globSync(files, { cwd: ROOT }),
  );
  // What else it would run, if that is on this machine, must not decide.
  return checkBy(actionlint, "workflows (actionlint)", ["-shellcheck=", "-pyflakes=", ...files]);
}

async function checkBy(command: string, what: string, args: string[]): Promise<Counts> {
  say(`Checking ${what} …`);
  const status = await program(command, args, process.env);
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
}

/** Tests start git thousands of times, and each start copies the page tables of the process, which this keeps small. */
const SMALL = "--max-semi-space-size=1";

async function mocha(files: string[], env: NodeJS.ProcessEnv, coverage: boolean): Promise<Counts> {
  const report = path.join(mkdtempSync(path.join(scratch, "counts-")), "counts.json");
  const only = process.env.VERSIONED_IMAGE_TEST_ONLY;
  const args = [
    SMALL,
    require.resolve("mocha/bin/mocha.js"),
    ...(only ? ["--grep", only] : []),
    "--reporter",
    path.join(__dirname, "reporter.cjs"),
    ...(process.stdout.isTTY ? ["--color"] : []),
    ...files,
  ];
  const c8 = [
    require.resolve("c8/bin/c8.js"),
    "--include",
    "components/**",
    "--include",
    "cli/**",
    // Two parts are counted at the same time.
    "--temp-directory",
    path.join(path.dirname(report), "coverage"),
    "--reporter",
    "text-summary",
  ];
  const status = await node([...(coverage ? c8 : []), ...(coverage ? [process.execPath] : []), ...args], {
    ...env,
    VERSIONED_IMAGE_TEST_COUNTS: report,
  });
  try {
    const counts = JSON.parse(readFileSync(report, "utf8")) as Counts;
    return status === 0 || counts.failed > 0 ? counts : { ...counts, failed: 1 };
  } catch {
    say(`mocha ended with status ${status} and without a report.`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function node(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  return program(process.execPath, args, env);
}

async function program(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  if (interrupted) {
    throw new MissingError("The run was interrupted.");
  }
  const { write, end } = turn();
  try {
    return await new Promise((resolve, reject) => {
      const child = spawn(command, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
      running.add(child);
      child.stdout.on("data", write);
      child.stderr.on("data", write);
      child.on("error", reject);
      child.on("close", (status) => {
        running.delete(child);
        resolve(status ?? 1);
      });
    });
  } finally {
    end();
  }
}

const turn = turns((chunk) => process.stdout.write(chunk));
const running = new Set<ChildProcess>();
let interrupted = false;

// What was started must be stopped all the same. A terminal interrupts the child as well; whoever ends this process alone
// does not, and mocha cleans up after an interrupt.
process.on("SIGINT", () => {
  interrupted = true;
  say("Interrupted: stopping what was started …");
});
for (const signal of ["SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    interrupted = true;
    say("Terminated: stopping what was started …");
    for (const child of running) {
      child.kill("SIGINT");
    }
  });
}

/** Takes one part after the other from those that are left. What a part can't do without ends it alone. */
async function runParts(left: string[], total: Counts): Promise<void> {
  for (let name = left.shift(); name !== undefined && !interrupted; name = left.shift()) {
    const start = Date.now();
    const counts = await (parts[name] as () => Promise<Counts>)().catch(failed);
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
    ends.push({ name, seconds: (Date.now() - start) / 1000, counts });
    say(`The part ${name} took ${Math.round((Date.now() - start) / 1000)} s.`);
  }
}

function failed(error: unknown): Counts {
  console.error(error instanceof MissingError ? error.message : error);
  return { passed: 0, failed: 1, skipped: 0, failures: [error instanceof Error ? error.message : String(error)] };
}

interface End {
  name: string;
  seconds: number;
  counts: Counts;
}

const ends: End[] = [];

/** How many files are named at the end, of those that took longest. */
const SLOWEST = 10;

/** Where the time went, and last what failed: the reports of the parts are long. */
function sayEnds(): void {
  const files = ends.flatMap(({ counts }) => Object.entries(counts.files ?? {}));
  const slowest = files.sort(([, one], [, other]) => other - one).slice(0, SLOWEST);
  console.log(
    [...ends.map(({ name, seconds }): [string, number] => [name, seconds]), ...slowest]
      .map(([name, seconds]) => `${seconds.toFixed(0).padStart(6)} s  ${name}`)
      .join("\n"),
  );
  for (const { name, counts } of ends.filter(({ counts }) => counts.failed > 0)) {
    console.log(`Failed in the part ${name}:`);
    console.log((counts.failures ?? ["see its report above"]).map((failure) => `  ${failure}`).join("\n"));
  }
}

/** What a change is tried with while it is made: no Docker daemon, no engine, and not the command line. */
const QUICK = ["style", "types", "unit", "component", "git"];

/** Which parts are asked for, none for all. `--all`: in their long form. */
function partsOf(argv: string[]): string[] {
  if (argv.includes("--all")) {
    process.env.VERSIONED_IMAGE_LONG = "1";
  }
  return argv.flatMap((word) => (word === "--quick" ? QUICK : word === "--all" ? [] : word));
}

async function runAll(wanted: string[]): Promise<void> {
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    const unknown = wanted.filter((name) => !Object.hasOwn(parts, name));
    if (unknown.length > 0) {
      throw new MissingError(
        `Unknown part: ${unknown.join(", ")}. Use ${Object.keys(parts).join(", ")}, --quick or --all.`,
      );
    }
    const left = Object.keys(parts).filter((name) => wanted.length === 0 || wanted.includes(name));
    await Promise.all(Array.from({ length: AT_ONCE }, () => runParts(left, total)));
  } catch (error) {
    total.failed++;
    console.error(error instanceof MissingError ? error.message : error);
  } finally {
    await stopOwnCluster();
    await stopRegistryToday();
    await stopBuildKits();
    await stop(services);
    for (const folder of [scratch, shortLived ?? []].flat()) {
      rmSync(folder, { recursive: true, force: true });
    }
    sayEnds();
    console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
    process.exitCode = interrupted ? 130 : total.failed > 0 ? 1 : 0;
  }
}

void runAll(partsOf(process.argv.slice(2)));
