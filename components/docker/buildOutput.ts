import { printedBy } from "./builtImage";

export interface FailedBuild {
  builder: string | undefined;
  /** The builder's own, in which the error of the step is. */
  words: string;
  env: NodeJS.ProcessEnv;
}

/** A build that failed, as the history has it. */
interface Entry {
  ref: string;
  status: string;
  created_at: string;
}

/** So many of the latest builds that failed are looked through, as several can fail at once. */
const BUILDS = 10;

/** So many of the last lines of the step that failed are shown. */
const LINES = 20;

/**
 * The last lines that the failed step of a build printed, from the builder's history of builds: what the providers show of it is gone when
 * the build has ended. The build is the one that failed with these words. None where there is no such history: it takes Docker 23 and
 * buildx 0.20. `builder` is as in `docker buildx --builder`; by default the current one.
 */
export async function lastLinesOfBuild({ builder, words, env }: FailedBuild): Promise<string[]> {
  const history = async (args: string[]) => {
    const named = builder === undefined ? [] : ["--builder", builder];
    const { stdout, stderr } = await printedBy(["buildx", "history", ...named, ...args], env);
    // buildx writes logs to the one and tables to the other.
    return `${stdout}${stderr}`;
  };
  const failed = failedIn(await history(["ls", "--no-trunc", "--format", "json"]));
  for (const { ref } of failed.slice(0, BUILDS)) {
    const { error, lines } = failedStep(await history(["logs", "--progress", "plain", ref.split("/").at(-1) ?? ref]));
    if (error !== undefined && words.includes(error)) {
      return lines.slice(-LINES);
    }
  }
  return [];
}

/** The builds that failed, the latest first. */
function failedIn(listed: string): Entry[] {
  return [...listed.matchAll(OBJECTS)]
    .flatMap(([text]) => entriesIn(text))
    .filter(({ status }) => status === "Error")
    .sort((one, other) => Date.parse(other.created_at) - Date.parse(one.created_at));
}

/** An object on lines of its own, in a list or not; or what a line begins with. */
const OBJECTS = /^([ \t]*)\{[ \t]*$[\s\S]*?^\1\}|^[[{].*$/gm;

function entriesIn(text: string): Entry[] {
  try {
    const found = [JSON.parse(text)].flat() as (Partial<Entry> | null)[];
    return found.filter((entry): entry is Entry => typeof entry?.ref === "string");
  } catch {
    // Docker says other things, too.
    return [];
  }
}

/** What a step that failed has printed, in the plain form of `docker buildx build --progress plain`. */
export function failedStep(log: string): { error: string | undefined; lines: string[] } {
  const [, step, error] = /^#(\d+) ERROR: (.*)$/m.exec(log) ?? [];
  if (step === undefined) {
    return { error, lines: [] };
  }
  const printed = [...log.matchAll(new RegExp(`^#${step} (\\d+\\.\\d+) (.*)$`, "gm"))];
  // What a program wrote to its two streams comes in any order, but with its time.
  const inOrder = printed.sort(([, one], [, other]) => Number(one) - Number(other));
  return { error, lines: inOrder.map(([, , line = ""]) => line) };
}
