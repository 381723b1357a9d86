import * as path from "node:path";
import type { Version } from "../version";
import { readIgnoreFile } from "./ignoreFile";

/**
 * What is to be said of files in a debug image that git is told to ignore, of those that were copied: they are often secrets, and whoever can
 * pull the image can read them.
 */
export function ignoredInImage(version: Version, copied: string[]): string | undefined {
  // Of a directory that is ignored as a whole, git names no file.
  const ignored = version.ignored.map((file) => path.relative(version.context, file));
  const inImage = copied.filter((file) => ignored.some((entry) => file === entry || file.startsWith(`${entry}/`)));
  return inImage.length === 0
    ? undefined
    : `Git ignores ${listed(inImage)}, but a debug build sends them to Docker. To exclude them, name them in .dockerignore.`;
}

/** The same of committed files that are not on disk: without a word, such an image would only fail where it runs. */
export async function leftOutOfImage(version: Version, dockerfile: string): Promise<string | undefined> {
  if (version.leftOut.length === 0) {
    return undefined;
  }
  const { ignores } = await readIgnoreFile(path.join(version.root, version.context), dockerfile);
  const missed = version.leftOut.filter((file) => !ignores(path.relative(version.context, file)));
  return missed.length === 0
    ? undefined
    : `The sparse checkout leaves out ${listed(missed)}, so the debug image lacks them. Run git sparse-checkout add with their directory, or ` +
        "git sparse-checkout disable.";
}

function listed(files: string[]): string {
  return files.slice(0, 5).join(", ") + (files.length > 5 ? `, and ${files.length - 5} more` : "");
}
