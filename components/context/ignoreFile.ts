import { readFile, stat } from "node:fs/promises";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import { readIgnorePatterns } from "./ignorePatterns";

/** What Docker leaves out of a context. */
export interface IgnoreFile {
  /** The file that says so, relative to the context; undefined if there is none. */
  name: string | undefined;
  /** Whether a file is left out. */
  ignores(file: string): boolean;
  /** Whether all that a directory holds is left out, so that it need not be looked into. */
  ignoresAllOf(directory: string): boolean;
}

/**
 * Reads a context's ignore file; Docker prefers the one that is named after the Dockerfile. A named context has none of that name, since
 * its Dockerfile is elsewhere. Throws StagingFailed.
 */
export async function readIgnoreFile(context: string, dockerfile: string | undefined): Promise<IgnoreFile> {
  for (const name of [...(dockerfile === undefined ? [] : [`${dockerfile}.dockerignore`]), ".dockerignore"]) {
    const content = await contentOf(path.join(context, name), name);
    if (content !== undefined) {
      return { name, ...matching(content, name) };
    }
  }
  return { name: undefined, ignores: () => false, ignoresAllOf: () => false };
}

async function contentOf(file: string, name: string): Promise<string | undefined> {
  try {
    // To open a pipe would be to wait for who writes into it.
    if ((await stat(file)).isFile()) {
      return await readFile(file, "utf8");
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw unusable(name, "can't be read", error);
  }
  throw unusable(name, "is not a file");
}

function matching(content: string, name: string): Omit<IgnoreFile, "name"> {
  try {
    const { takesBack, ignores } = readIgnorePatterns(content);
    return { ignores, ignoresAllOf: (directory) => !takesBack && ignores(directory) };
  } catch (error) {
    throw unusable(name, "has a pattern that means nothing", error);
  }
}

function unusable(name: string, what: string, cause?: unknown): VersionedImageError {
  const words = cause instanceof Error ? ` (${cause.message})` : "";
  return new VersionedImageError(
    "StagingFailed",
    `${name} ${what}${words}. Nothing was built; mend it, then run again.`,
    {
      cause,
    },
  );
}
