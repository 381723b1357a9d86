import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { cachedPrograms } from "../../scripts/setup/cached";
import { goCommand } from "../../scripts/setup/go";
import { run } from "../../scripts/setup/run";

const SOURCES = path.join(__dirname, "dockerfileParser");

/** The Go 1 that builds it, at least. */
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

/** BuildKit's own parser of Dockerfiles, and Docker's own matcher of ignore files, built from their Go modules once. */
export class DockerfileParser {
  private constructor(private readonly program: string) {}

  /** Undefined where there is no Go to build it with. */
  static async get(): Promise<DockerfileParser | undefined> {
    const go = await goCommand(GO_MINOR);
    if (!go) {
      return undefined;
    }
    const hash = createHash("sha256");
    for (const file of ["go.mod", "go.sum", "main.go"]) {
      hash.update(readFileSync(path.join(SOURCES, file)));
    }
    const version = hash.digest("hex").slice(0, 12);
    const bin = await cachedPrograms(`dockerfile-parser-${version}`, "Building BuildKit's parser", async (scratch) => {
      const args = ["build", "-trimpath", "-o", path.join(scratch, "bin", "dockerfile-parser"), "."];
      await run(go, args, { cwd: SOURCES, env: { ...process.env, GOFLAGS: "" }, patient: true });
    });
    return new DockerfileParser(path.join(bin, "dockerfile-parser"));
  }

  dockerfiles(contents: Buffer[]): ParsedDockerfile[] {
    return this.ask(contents.map((content) => ({ Dockerfile: content.toString("base64") })));
  }

  /** Which of some paths each ignore file leaves out; undefined where one means nothing. */
  ignored(questions: { content: Buffer; paths: string[] }[]): (boolean[] | undefined)[] {
    const asked = questions.map(({ content, paths }) => ({ IgnoreFile: content.toString("base64"), Paths: paths }));
    return this.ask<{ error?: string; ignored?: boolean[] }>(asked).map(({ ignored }) => ignored);
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
