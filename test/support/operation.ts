/**
 * One operation of one stack, in a process of its own: programs are loaded afresh, and a test can kill it.
 * Argument: a JSON Operation. The result goes to its `resultFile`, Pulumi's own output to standard output.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import { type EngineEvent, LocalWorkspace, type OutputMap, PulumiCommand, Stack } from "@pulumi/pulumi/automation";
import { parse, stringify } from "yaml";

export interface Operation {
  kind: "preview" | "up" | "destroy" | "refresh";
  /** That of the Pulumi CLI. */
  version: string;
  stack: string;
  project: string;
  /** The module whose exports are the stack's outputs. */
  program: string;
  config: Record<string, string>;
  resultFile: string;
  /** URNs to replace, as `pulumi up --replace`. */
  replace?: string[];
  /** URNs to touch alone, as `--target`. */
  target?: string[];
  /** URNs to leave alone, as `--exclude`. */
  exclude?: string[];
  /** Go on with the others where one fails, as `--continue-on-error`. */
  continueOnError?: boolean;
  /** Run the program on destroy and refresh, as `--run-program`. */
  runProgram?: boolean;
  /** A file that a preview saves its plan to, and that an update is bound to, as `--save-plan` and `--plan`. */
  plan?: string;
  /** A policy pack, and the file of its configuration. */
  policyPack?: string;
  policyPackConfig?: string;
}

export interface Step {
  op: string;
  type: string;
  name: string;
  urn: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
}

export interface OperationResult {
  succeeded: boolean;
  steps: Step[];
  diagnostics: { severity: string; message: string; urn: string }[];
  /** What policies found. */
  violations: { policy: string; level: string; urn: string }[];
  outputs: Record<string, unknown>;
  /** The most memory that the program had, the Automation API included, in bytes. */
  memory: number;
}

/** As `pulumi config set-all`, which takes longer than all else that is done before an operation. */
function setConfig({ stack, project, config }: Operation): void {
  const file = `Pulumi.${stack}.yaml`;
  const settings = existsSync(file) ? parse(readFileSync(file, "utf8")) : {};
  const added = Object.entries(config).map(([key, value]) => [key.includes(":") ? key : `${project}:${key}`, value]);
  writeFileSync(file, stringify({ ...settings, config: { ...settings?.config, ...Object.fromEntries(added) } }));
}

/** All that is asked of it names the stack, which need not be selected; to try that first of one that is new takes as long again. */
function openStack(workspace: LocalWorkspace, name: string): Promise<Stack> {
  workspace.selectStack = async () => undefined;
  return stateFile(name) ? Stack.select(name, workspace) : Stack.create(name, workspace);
}

/** Where the state of a stack is, if there is such a stack. */
function stateFile(name: string): string | undefined {
  const stacks = path.join(fileURLToPath(process.env.PULUMI_BACKEND_URL ?? ""), ".pulumi", "stacks");
  const projects = existsSync(stacks) ? readdirSync(stacks) : [];
  return projects.map((project) => path.join(stacks, project, `${name}.json`)).find((file) => existsSync(file));
}

/** What marks a value in the state as the secret that it was; to decrypt it is the CLI's. */
const SECRET = "4dabf18193072939515e22adb298388d";

function outputsOf(stack: string): OutputMap {
  const file = stateFile(stack);
  const state = file === undefined ? undefined : JSON.parse(readFileSync(file, "utf8")).checkpoint;
  const resources = (state?.latest?.resources ?? []) as { type: string; outputs?: Record<string, unknown> }[];
  const kept = resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
  const outputs = JSON.stringify(kept).includes(SECRET) ? printedOutputs(stack) : kept;
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, { value, secret: false }]));
}

function printedOutputs(stack: string): Record<string, unknown> {
  return JSON.parse(
    execFileSync("pulumi", ["stack", "output", "--json", "--show-secrets", "--stack", stack]).toString(),
  );
}

/** `PulumiCommand.get` starts the CLI each time, to ask for its version. */
function pulumiOf(version: string): PulumiCommand {
  return Object.assign(Object.create(PulumiCommand.prototype), { command: "pulumi", version });
}

async function run(operation: Operation): Promise<OperationResult> {
  const workspace = await LocalWorkspace.create({
    workDir: process.cwd(),
    program: async () => ({ ...(await import(operation.program)) }),
    pulumiCommand: pulumiOf(operation.version),
  });
  const stack = await openStack(workspace, operation.stack);
  // It asks the CLI for outputs twice, with secrets and without, and for the history: each takes as long as a small update.
  Object.assign(stack, { outputs: async () => outputsOf(operation.stack), info: async () => undefined });
  setConfig(operation);
  const result: OperationResult = {
    succeeded: false,
    steps: [],
    diagnostics: [],
    violations: [],
    outputs: {},
    memory: 0,
  };
  const options = {
    onOutput: (text: string) => process.stdout.write(text),
    onEvent: (event: EngineEvent) => collect(event, result),
    color: "never" as const,
    replace: operation.replace,
    target: operation.target,
    exclude: operation.exclude,
    continueOnError: operation.continueOnError,
    plan: operation.plan,
    ...(operation.runProgram === undefined ? {} : { runProgram: operation.runProgram }),
    policyPacks: operation.policyPack === undefined ? undefined : [operation.policyPack],
    policyPackConfigs: operation.policyPackConfig === undefined ? undefined : [operation.policyPackConfig],
  };
  try {
    let outputs: OutputMap | undefined;
    if (operation.kind === "up") {
      outputs = (await stack.up(options)).outputs;
    } else {
      await stack[operation.kind](options);
      outputs = operation.kind === "destroy" ? {} : await stack.outputs();
    }
    result.outputs = Object.fromEntries(Object.entries(outputs).map(([key, output]) => [key, output.value]));
    result.succeeded = true;
  } catch (error) {
    process.stdout.write(`${error instanceof Error ? error.message : error}\n`);
  }
  result.memory = process.resourceUsage().maxRSS * 1024;
  return result;
}

function collect(event: EngineEvent, { steps, diagnostics, violations }: OperationResult): void {
  const metadata = (event.resourcePreEvent ?? undefined)?.metadata;
  if (metadata) {
    const state = metadata.new ?? metadata.old;
    steps.push({
      op: metadata.op,
      type: metadata.type,
      name: metadata.urn.slice(metadata.urn.lastIndexOf("::") + 2),
      urn: metadata.urn,
      inputs: state?.inputs ?? {},
      outputs: state?.outputs ?? {},
    });
  }
  if (event.policyEvent) {
    const { policyName, enforcementLevel, resourceUrn = "" } = event.policyEvent;
    violations.push({ policy: policyName, level: enforcementLevel, urn: resourceUrn });
  }
  // The SDK's debug messages hold whole requests, and are shown to nobody but `pulumi --debug`.
  if (
    event.diagnosticEvent &&
    !event.diagnosticEvent.ephemeral &&
    (event.diagnosticEvent.severity as string) !== "debug"
  ) {
    const { severity, message, urn = "" } = event.diagnosticEvent;
    diagnostics.push({ severity, message: message.replace(/<\{%[^%]*%\}>/g, "").trim(), urn });
  }
}

async function main(): Promise<void> {
  const operation = JSON.parse(process.argv[2] ?? "") as Operation;
  const result = await run(operation);
  writeFileSync(operation.resultFile, JSON.stringify(result));
  process.exit(result.succeeded ? 0 : 1);
}

void main();
