import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { cachedPrograms } from "../../scripts/setup/cached";
import { goCommand } from "../../scripts/setup/go";
import { run } from "../../scripts/setup/run";

const SOURCES = path.join(__dirname, "dockerParsers");

/** The Go 1 that builds them, at least. */
const GO_MINOR = 26;

export interface ParsedInstruction {
  name: string;
  text: string;
  tree: string;
  labels?: Record<string, string>;
}

export interface ParsedStage {
  name: string;
  instructions: ParsedInstruction[];
}

/** What BuildKit's parser makes of a Dockerfile. */
export interface ParsedDockerfile {
  /** Why it can't be built. */
  error?: string;
  stages?: ParsedStage[];
}

/** Docker's own parsers of Dockerfiles and ignore files, built from their Go modules once. */
export class DockerParsers {
  private constructor(private readonly program: string) {}

  /** Undefined where there is no Go to build them with. */
  static async get(): Promise<DockerParsers | undefined> {
    const go = await goCommand(GO_MINOR);
    if (!go) {
      return undefined;
    }
    const hash = createHash("sha256");
    for (const file of ["go.mod", "go.sum", "main.go"]) {
      hash.update(readFileSync(path.join(SOURCES, file)));
    }
    const version = hash.digest("hex").slice(0, 12);
    const bin = await cachedPrograms(`docker-parsers-${version}`, "Building Docker's parsers", async (scratch) => {
      const args = ["build", "-trimpath", "-o", path.join(scratch, "bin", "docker-parsers"), "."];
      await run(go, args, { cwd: SOURCES, env: { ...process.env, GOFLAGS: "" }, patient: true });
    });
    return new DockerParsers(path.join(bin, "docker-parsers"));
  }

  dockerfiles(contents: Buffer[]): ParsedDockerfile[] {
    return this.ask(contents.map((content) => ({ Dockerfile: content.toString("base64") })));
  }

  /** For each question, which of its files an ignore file leaves out; undefined where the ignore file is broken. */
  ignored(questions: { ignoreFile: string; files: string[] }[]): (boolean[] | undefined)[] {
    const asked = questions.map(({ ignoreFile, files }) => ({
      IgnoreFile: Buffer.from(ignoreFile).toString("base64"),
      Files: files,
    }));
    return this.ask<{ ignored?: boolean[]; error?: string }>(asked).map(({ ignored, error }) =>
      error === undefined ? (ignored ?? []) : undefined,
    );
  }

  private ask<Answer>(questions: object[]): Answer[] {
    const input = questions.map((question) => `${JSON.stringify(question)}\n`).join("");
    const printed = execFileSync(this.program, {
      input,
      encoding: "utf8",
      maxBuffer: 1 << 29,
      stdio: ["pipe", "pipe", "inherit"],
    });
    return printed
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Answer);
  }
}
