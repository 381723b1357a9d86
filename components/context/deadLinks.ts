import { readdir, stat } from "node:fs/promises";
import * as path from "node:path";
import { VersionedImageError } from "../errors";
import { readIgnoreFile } from "./ignoreFile";

/**
 * BuildKit's provider reads through links when it compares contexts, and fails without a word of why at one that leads nowhere on this machine.
 * Throws StagingFailed for those that are not in .dockerignore; `directories` are the context and its named ones.
 */
export async function refuseDeadLinks(directories: string[], context: string, dockerfile: string): Promise<void> {
  const { ignores } = await readIgnoreFile(context, dockerfile);
  for (const directory of directories) {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((each) => each.isSymbolicLink())) {
      const file = path.relative(directory, path.join(entry.parentPath, entry.name));
      if (!ignores(file) && !(await leadsSomewhere(path.join(directory, file)))) {
        throw new VersionedImageError(
          "StagingFailed",
          `${file} is a symbolic link to what is not on this machine, and Pulumi's provider of BuildKit can't read it: make the link in the ` +
            "Dockerfile (RUN ln -s), name it in .dockerignore, or build with Docker's own builder.",
        );
      }
    }
  }
}

async function leadsSomewhere(link: string): Promise<boolean> {
  try {
    await stat(link);
    return true;
  } catch (error) {
    if (["ENOENT", "ELOOP", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) {
      return false;
    }
    throw error;
  }
}
