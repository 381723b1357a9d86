import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { pipeline } from "node:stream/promises";
import { forEachFew, OPEN_FILES, slots } from "../concurrency";
import { type DockerfileChoice, refuseUnbuildable } from "./dockerfile";
import { normalize } from "./normalize";
import { ensureStagingRoot, newPlaceName, OWNER, STAGING, stagedWithin, stagingFailed } from "./stagingRoot";

/** What a builder is to be given. */
export interface ContextContent extends DockerfileChoice {
  /** Where in the directory the context is. Default: it is the directory itself. */
  context?: string;
  /** The time of every file, which then also gets git's modes; undefined to keep each one's own. */
  mtime: Date | undefined;
  /** Puts the files into a directory. */
  write(into: string): Promise<unknown>;
}

/** Files that are ready to be built from, but not yet where a builder looks for them. */
export interface PreparedContext {
  /** Where they are now. */
  readonly directory: string;
  /** What tells this content from any other, modes and links included. */
  hash(): Promise<string>;
  /** Removes them, if they were not moved away. */
  discard(): Promise<void>;
}

/** How many contexts are written at the same time: each may be as large as a repository. */
const AT_ONCE = 4;

const turn = slots(AT_ONCE);

/**
 * Writes a context apart from where it is built. Throws StagingFailed if it can't be written, DockerfileInvalid or DockerfileNotCovered
 * if it can't be built.
 */
export async function prepareContext(content: ContextContent): Promise<PreparedContext> {
  return stagingFailed(async () => {
    await ensureStagingRoot();
    const scratch = await mkdtemp(path.join(STAGING, `tmp.${OWNER}.`));
    const discard = () => rm(scratch, { recursive: true, force: true });
    // A name of its own, as `nameContext` says.
    const directory = path.join(scratch, newPlaceName());
    try {
      await turn(async () => {
        await mkdir(directory);
        await content.write(directory);
        await refuseUnbuildable(path.join(directory, content.context ?? ""), content);
        if (content.mtime !== undefined) {
          await normalize(directory, content.mtime);
        }
        await chmod(directory, 0o755);
      });
    } catch (error) {
      await discard();
      throw error;
    }
    const hash = async () =>
      createHash("sha256")
        .update(JSON.stringify(await listContent(directory)))
        .digest("hex");
    return { directory, hash, discard };
  });
}

/** The content of an image that a registry has already: building it gives that image again. */
export function contentOfImage(image: string, dockerfile: string, target: string | undefined): ContextContent {
  const staged = stagedWithin(dockerfile);
  return {
    dockerfile,
    staged,
    target,
    mtime: undefined,
    write: async (into) => {
      const file = path.join(into, staged);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, target === undefined ? `FROM ${image}\n` : `FROM ${image} AS ${target}\n`);
    },
  };
}

/** Files of up to so many bytes are read at once, which is quicker. */
const SMALL = 256 * 1024;

/** What is at each path of a directory: "755 <sha256>" for a file, "link <target>" for a symbolic link. */
export type Listing = Record<string, string>;

/** Lists a directory with its content, in the order of the paths. */
export async function listContent(directory: string): Promise<Listing> {
  const files = (await walk(directory, "")).sort();
  const described = await forEachFew(files, OPEN_FILES, (file) => describe(path.join(directory, file)));
  return Object.fromEntries(files.map((file, index) => [file, described[index] ?? ""]));
}

async function walk(root: string, directory: string): Promise<string[]> {
  const entries = await readdir(path.join(root, directory), { withFileTypes: true });
  const found = await Promise.all(
    entries.map((entry) => {
      const name = path.join(directory, entry.name);
      return entry.isDirectory() ? walk(root, name) : [name];
    }),
  );
  return found.flat();
}

async function describe(file: string): Promise<string> {
  const stats = await lstat(file);
  if (stats.isSymbolicLink()) {
    return `link ${await readlink(file)}`;
  }
  const hash = createHash("sha256");
  if (stats.size <= SMALL) {
    hash.update(await readFile(file));
  } else {
    await pipeline(createReadStream(file), hash);
  }
  return `${(stats.mode & 0o777).toString(8)} ${hash.digest("hex")}`;
}
