import { appendFile, writeFile } from "node:fs/promises";
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
  for (const file of [report, outputs]) {
    await writing(file, (name) => appendFile(name, ""));
  }
  return {
    async write(results) {
      const written = [
        await attempt(() => writing(report, (file) => writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`))),
        await attempt(() => writing(outputs, (file) => appendFile(file, outputsOf(results.images)))),
      ];
      return written.filter((each) => each !== undefined);
    },
  };
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

async function writing(file: string | undefined, work: (file: string) => Promise<void>): Promise<void> {
  if (file === undefined) {
    return;
  }
  try {
    await work(file);
  } catch (error) {
    throw invalidArgument(`The results can't be written to ${file}: ${(error as Error).message}.`);
  }
}
