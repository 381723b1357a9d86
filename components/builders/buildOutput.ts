import { execFile } from "node:child_process";

/** A build that failed, as Docker's history of builds has it. */
interface Entry {
  ref: string;
  status: string;
  created_at: string;
}

/** How long docker may take for one answer, in milliseconds. */
const LIMIT = 10_000;

/** So many of the last lines of the step that failed are shown. */
const LINES = 20;

/**
 * The last lines of the output of a build that failed with these words, from Docker's history of builds: what Docker's provider shows of it
 * is gone when the build has ended. None where there is no such history: it takes Docker 23 and buildx 0.20.
 */
export async function lastLinesOfBuild(words: string, since: Date, env: NodeJS.ProcessEnv): Promise<string[]> {
  const listed = await history(["ls", "--no-trunc", "--format", "json"], env);
  for (const { ref, status, created_at } of entriesOf(listed)) {
    if (status === "Error" && new Date(created_at) >= since) {
      const { error, lines } = failedStep(
        await history(["logs", "--progress", "plain", ref.split("/").at(-1) ?? ref], env),
      );
      if (error !== undefined && words.includes(error)) {
        return lines.slice(-LINES);
      }
    }
  }
  return [];
}

function entriesOf(listed: string): Entry[] {
  return listed
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Entry);
}

/** What a step that failed has printed, in the plain form of `docker buildx build --progress plain`. */
export function failedStep(log: string): { error: string | undefined; lines: string[] } {
  const [, step, error] = /^#(\d+) ERROR: (.*)$/m.exec(log) ?? [];
  const printed = new RegExp(`^#${step} \\d+\\.\\d+ (.*)$`, "gm");
  return { error, lines: step === undefined ? [] : [...log.matchAll(printed)].map(([, line = ""]) => line) };
}

/** Nothing where there is no history: it is asked to explain an error that is shown in any case. */
function history(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve) => {
    const command = ["buildx", "history", "--builder", "default", ...args];
    execFile("docker", command, { env, timeout: LIMIT, maxBuffer: 64 << 20 }, (_error, stdout, stderr) =>
      // buildx writes logs to the one and tables to the other.
      resolve(`${stdout}${stderr}`),
    );
  });
}
