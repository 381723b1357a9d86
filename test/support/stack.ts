import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { ROOT, TYPESCRIPT } from "../../scripts/setup/paths";
import type { Operation, OperationResult } from "./operation";

/** The name in the Pulumi.yaml of the tests' projects. */
const PROJECT = "versioned-image-example";

export interface Result extends OperationResult {
  /** All that Pulumi printed. */
  text: string;
}

let version: string | undefined;

/** The version of the Pulumi CLI, which each operation would ask it for. */
function pulumiVersion(env: NodeJS.ProcessEnv): string {
  version ??= execFileSync("pulumi", ["version"], { env, encoding: "utf8" }).trim();
  return version;
}

/** An operation that is under way. */
export interface Running {
  process: ChildProcess;
  result: Promise<Result>;
}

export interface StackOptions {
  /** The working directory: a git repository with a Pulumi.yaml. */
  workDir: string;
  env: NodeJS.ProcessEnv;
  /** Default: the project's own index.ts. */
  program?: string;
  config?: Record<string, string>;
  project?: string;
}

/** A stack of a program, driven through the Automation API and the real engine. */
export class TestStack {
  constructor(
    readonly name: string,
    readonly options: StackOptions,
    private readonly state = mkdtempSync(path.join(tmpdir(), "state-")),
  ) {}

  /** The same stack, run from another directory. */
  in(workDir: string): TestStack {
    return new TestStack(this.name, { ...this.options, workDir }, this.state);
  }

  preview(config?: Record<string, string>, extra?: Partial<Operation>): Promise<Result> {
    return this.start("preview", config, extra).result;
  }

  up(config?: Record<string, string>, extra?: Partial<Operation>): Promise<Result> {
    return this.start("up", config, extra).result;
  }

  destroy(extra?: Partial<Operation>): Promise<Result> {
    return this.start("destroy", {}, extra).result;
  }

  start(kind: Operation["kind"], config: Record<string, string> = {}, extra: Partial<Operation> = {}): Running {
    const { workDir, program = path.join(ROOT, "index.ts"), project = PROJECT } = this.options;
    const scratch = mkdtempSync(path.join(tmpdir(), "operation-"));
    const resultFile = path.join(scratch, "result.json");
    const operation: Operation = {
      kind,
      version: pulumiVersion(this.environment()),
      stack: this.name,
      project,
      program,
      config: { ...this.options.config, ...config },
      resultFile,
      ...extra,
    };
    const child = spawn(
      process.execPath,
      [...TYPESCRIPT, path.join(__dirname, "operation.ts"), JSON.stringify(operation)],
      {
        cwd: workDir,
        env: this.environment(),
        stdio: ["ignore", "pipe", "pipe"],
        // Its own group, so that a test can kill the program, the engine and the providers together.
        detached: true,
      },
    );
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
    });
    child.stderr.on("data", (chunk) => {
      text += chunk;
    });
    const result = new Promise<Result>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", () => {
        resolve({ ...readResult(resultFile), text });
        rmSync(scratch, { recursive: true, force: true });
      });
    });
    return { process: child, result };
  }

  /** Ends an update that was killed, as `pulumi cancel`: what holds the stack's lock is gone. */
  cancel(): void {
    execFileSync("pulumi", ["cancel", "--yes", "--stack", this.name], {
      cwd: this.options.workDir,
      env: this.environment(),
    });
  }

  /** Takes a resource out of the state, as `pulumi state delete`. */
  deleteFromState(urn: string): void {
    execFileSync("pulumi", ["state", "delete", urn, "--yes", "--force", "--stack", this.name], {
      cwd: this.options.workDir,
      env: this.environment(),
    });
  }

  /** The state, as `pulumi stack export --show-secrets` prints it. */
  exportState(): string {
    const options = { cwd: this.options.workDir, env: this.environment(), encoding: "utf8" } as const;
    return execFileSync("pulumi", ["stack", "export", "--show-secrets", "--stack", this.name], options);
  }

  /** Makes the stack with a state, as `pulumi stack export` printed it. */
  importState(state: string): void {
    const options = { cwd: this.options.workDir, env: this.environment() };
    execFileSync("pulumi", ["stack", "init", this.name], { ...options, stdio: "ignore" });
    execFileSync("pulumi", ["stack", "import", "--stack", this.name], { ...options, input: state });
  }

  /** Puts back the checkpoint that the engine kept before it wrote the last one. */
  restoreCheckpoint(): void {
    const checkpoint = path.join(this.state, ".pulumi/stacks", this.options.project ?? PROJECT, `${this.name}.json`);
    copyFileSync(`${checkpoint}.bak`, checkpoint);
  }

  /** All that the stack's state holds, as it is on disk. */
  stateText(): string {
    const files = readdirSync(this.state, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return files.map((entry) => readFileSync(path.join(entry.parentPath, entry.name), "utf8")).join("\n");
  }

  private environment(): NodeJS.ProcessEnv {
    return {
      ...this.options.env,
      PULUMI_BACKEND_URL: `file://${this.state}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // The CLI is there because its version was looked at, and to ask it again takes as long as a small update.
      PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: "true",
    };
  }

  /** Removes the stack's state; images in registries stay. */
  forget(): void {
    rmSync(this.state, { recursive: true, force: true });
  }
}

function readResult(file: string): OperationResult {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    // The process was killed before it could write one.
    return { succeeded: false, steps: [], diagnostics: [], violations: [], outputs: {}, memory: 0 };
  }
}
