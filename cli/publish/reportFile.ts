import { open, rm, writeFile } from "node:fs/promises";
import { invalidArgument, type VersionedImageError } from "../../components/errors";
import { attempt } from "../attempt";
import type { ResultJson } from "./results";

/** Where results are written beside standard output. */
export interface Reports {
  /** Returns an InvalidArgument for each file that can't be written; the others are. */
  write(results: { dryRun: boolean; images: ResultJson[] }): Promise<VersionedImageError[]>;
}

/** Sees that the results can be written to a file, and to that of GitHub Actions' outputs. Throws InvalidArgument if they can't. */
export async function openReports(
  { report, githubOutput = false }: { report?: string; githubOutput?: boolean },
  env: NodeJS.ProcessEnv,
): Promise<Reports> {
  const outputs = githubOutput ? env.GITHUB_OUTPUT : undefined;
  if (githubOutput && !outputs) {
    throw invalidArgument("--github-output needs the variable GITHUB_OUTPUT, which GitHub Actions sets for each step.");
  }
  const writeReport = await openFile(report, "w");
  const writeOutputs = await openFile(outputs, "a");
  return {
    async write(results) {
      const written = [
        await attempt(() => writeReport(`${JSON.stringify(results, undefined, 2)}\n`)),
        await attempt(() => writeOutputs(outputsOf(results.images))),
      ];
      return written.filter((each) => each !== undefined);
    },
  };
}

/**
 * What writes to a file, once it is seen that this can be done. A file on a disk is opened anew for that, as it may be gone by then, and one that was
 * not there goes again: in an image's directory it would be an uncommitted change. What else has a name, such as a pipe, stays open: to its reader
 * it would have ended.
 */
async function openFile(file: string | undefined, flag: "w" | "a"): Promise<(text: string) => Promise<void>> {
  if (file === undefined) {
    return async () => {};
  }
  return writing(file, async () => {
    const made = await open(file, "ax").catch(unlessThere);
    const opened = made ?? (await open(file, "a"));
    if ((await opened.stat()).isFile()) {
      await opened.close();
      await (made && rm(file));
      return (text) => writing(file, () => writeFile(file, text, { flag }));
    }
    return (text) => writing(file, () => opened.writeFile(text).finally(() => opened.close()));
  });
}

function unlessThere(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "EEXIST") {
    throw error;
  }
}

/** `images` has all of them as JSON; a call with one image gives its parts, too. */
function outputsOf(images: ResultJson[]): string {
  const [only] = images;
  const parts = images.length === 1 && only && "tag" in only ? only : undefined;
  const lines = parts
    ? [
        `tag=${parts.tag}`,
        `digest=${parts.digest ?? ""}`,
        `reference=${parts.reference ?? ""}`,
        `outcome=${parts.outcome}`,
      ]
    : [];
  return [`images=${JSON.stringify(images)}`, ...lines].map((line) => `${line}\n`).join("");
}

async function writing<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw invalidArgument(`The results can't be written to ${file}: ${(error as Error).message}.`);
  }
}
