import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import { ifThere } from "./files";

/** What a file system does not tell apart in names. */
export interface Blindness {
  /** Upper from lower case, as those of macOS and Windows. */
  case: boolean;
  /** The forms in which Unicode writes one character, as those of macOS. */
  form: boolean;
}

/** Two names, of files or of directories above them, that would be one on such a file system; undefined if there are none. */
export function firstCollision(names: readonly string[], blind: Blindness): [string, string] | undefined {
  const seen = new Map<string, string>();
  for (const name of names) {
    for (let end = name.indexOf("/"); ; end = name.indexOf("/", end + 1)) {
      const part = end < 0 ? name : name.slice(0, end);
      const key = folded(part, blind);
      const other = seen.get(key);
      if (other !== undefined && other !== part) {
        return [other, part];
      }
      seen.set(key, part);
      if (end < 0) {
        break;
      }
    }
  }
  return undefined;
}

function folded(name: string, blind: Blindness): string {
  const cased = blind.case ? name.normalize("NFC").toUpperCase().toLowerCase() : name;
  return blind.form ? cased.normalize("NFC") : cased;
}

/**
 * Refuses names of a commit that would be one file in a directory (StagingFailed): one's content would silently be lost. The
 * directory's file system is asked only where there are such names.
 */
export async function refuseCollisions(names: readonly string[], directory: string): Promise<void> {
  if (!firstCollision(names, { case: true, form: true })) {
    return;
  }
  const collision = firstCollision(names, await blindnessOf(directory));
  if (collision) {
    const [one, other] = collision.map((name) => JSON.stringify(name));
    throw new VersionedImageError(
      "StagingFailed",
      `${one} and ${other} are two names in the commit, but one on the file system of ${path.dirname(directory)}: one of them would be ` +
        "missing from the image. Nothing was built; rename one with git mv, or run where names are told apart, as on Linux.",
    );
  }
}

/** Finds out by files that it takes away again. */
async function blindnessOf(directory: string): Promise<Blindness> {
  const made = await mkdtemp(path.join(path.dirname(directory), "names-"));
  try {
    const finds = async (written: string, looked: string) => {
      await writeFile(path.join(made, written), "");
      return (await ifThere(stat(path.join(made, looked)))) !== undefined;
    };
    return { case: await finds("case", "CASE"), form: await finds("\u00e9", "e\u0301") };
  } finally {
    await rm(made, { recursive: true });
  }
}
