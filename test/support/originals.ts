import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { cachedPrograms } from "../../scripts/setup/cached";
import { goCommand } from "../../scripts/setup/go";
import { run } from "../../scripts/setup/run";

const SOURCES = path.join(__dirname, "originals");

/** The Go 1 that builds it, at least. */
const GO_MINOR = 26;

export interface CredentialsQuestion {
  host: string;
  /** The content of config.json. */
  configuration: string;
  /** DOCKER_AUTH_CONFIG. */
  environment: string;
}

/** The originals of rules that this package follows: Docker's own client, and Docker's own matcher of ignore files, built from their Go modules once. */
export class Originals {
  private constructor(private readonly program: string) {}

  /** Undefined where there is no Go to build it with. */
  static async get(): Promise<Originals | undefined> {
    const go = await goCommand(GO_MINOR);
    if (!go) {
      return undefined;
    }
    const hash = createHash("sha256");
    for (const file of ["go.mod", "go.sum", "main.go"]) {
      hash.update(readFileSync(path.join(SOURCES, file)));
    }
    const version = hash.digest("hex").slice(0, 12);
    const bin = await cachedPrograms(
      `originals-${version}`,
      "Building Docker's own matcher and client",
      async (scratch) => {
        const args = ["build", "-trimpath", "-o", path.join(scratch, "bin", "originals"), "."];
        await run(go, args, { cwd: SOURCES, env: { ...process.env, GOFLAGS: "" }, patient: true });
      },
    );
    return new Originals(path.join(bin, "originals"));
  }

  /** Which of some paths each ignore file leaves out; undefined where one means nothing. */
  ignored(questions: { content: Buffer; paths: string[] }[]): (boolean[] | undefined)[] {
    const asked = questions.map(({ content, paths }) => ({ IgnoreFile: content.toString("base64"), Paths: paths }));
    return this.ask<{ error?: string; ignored?: boolean[] }>(asked).map(({ ignored }) => ignored);
  }

  /** What Docker's client would show registries; undefined where it can't read what it is given. */
  credentials(questions: CredentialsQuestion[], env: NodeJS.ProcessEnv): (Record<string, string> | undefined)[] {
    const asked = questions.map(({ host, configuration, environment }) => ({
      Host: host,
      Configuration: Buffer.from(configuration).toString("base64"),
      Environment: environment,
    }));
    // On standard error it says why it does not use the variable.
    const answers = this.ask<{ credentials?: Record<string, string> }>(asked, { env, errors: "ignore" });
    return answers.map(({ credentials }) => credentials);
  }

  private ask<Answer>(
    questions: object[],
    { env = process.env, errors = "inherit" }: { env?: NodeJS.ProcessEnv; errors?: "inherit" | "ignore" } = {},
  ): Answer[] {
    const input = questions.map((question) => `${JSON.stringify(question)}\n`).join("");
    const printed = execFileSync(this.program, {
      input,
      env,
      encoding: "utf8",
      maxBuffer: 1 << 29,
      stdio: ["pipe", "pipe", errors],
    });
    return printed
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Answer);
  }
}
