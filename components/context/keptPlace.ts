import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { type BuildContext, placeFolder, putInPlace, sidecarOf } from "./place";
import type { PreparedContext } from "./preparedContext";
import { stagingFailed } from "./stagingFailed";
import { ensureStagingRoot, isLockedByAnother, lockOf } from "./stagingRoot";

/** Where a builder finds the files of one content that it looks at in each run, built or not: BuildKit's provider does. */
export interface KeptPlace {
  /** The folder's name: 16 hexadecimal digits. */
  name: string;
  /** The Dockerfile, relative to the context. */
  dockerfile: string;
  /** The names of the named contexts that are directories. */
  contexts: string[];
}

/** Where in a directory the context is, and each named one. */
export interface Layout {
  context: string;
  named(name: string): string;
}

/** The context and its named contexts below a directory. */
export function layoutIn(directory: string): Layout {
  return {
    context: path.join(directory, "context"),
    // A name may have slashes.
    named: (name) => path.join(directory, "contexts", encodeURIComponent(name)),
  };
}

/** Makes the directories of a layout, and gives it back. */
export async function makeLayout(directory: string, contexts: string[]): Promise<Layout> {
  const layout = layoutIn(directory);
  for (const folder of [layout.context, ...contexts.map(layout.named)]) {
    await mkdir(folder, { recursive: true });
  }
  return layout;
}

/** Where a kept place is. */
export function keptContextOf({ name, dockerfile, contexts }: KeptPlace): BuildContext {
  const { context, named } = layoutIn(placeFolder(name));
  return {
    context,
    dockerfile: path.join(context, dockerfile),
    named: Object.fromEntries(contexts.map((each) => [each, named(each)])),
  };
}

/**
 * Sees that a place holds the files that a key stands for, which are prepared only where it does not. Leaves alone what another
 * process builds from. Throws StagingFailed.
 */
export async function ensureFilled(
  { name }: KeptPlace,
  key: string,
  prepare: () => Promise<PreparedContext>,
): Promise<void> {
  await stagingFailed(async () => {
    await ensureStagingRoot();
    if ((await isFilled(name, key)) || (await isLockedByAnother(name))) {
      return;
    }
    const files = await prepare();
    try {
      await rm(sidecarOf(name), { force: true });
      await putInPlace(files.directory, placeFolder(name));
      await writeFile(sidecarOf(name), key);
    } finally {
      await files.discard();
    }
  });
}

/** Says that this process builds from a place, or does no longer. */
export async function setInUse({ name }: KeptPlace, inUse: boolean): Promise<void> {
  await stagingFailed(() => (inUse ? writeFile(lockOf(name), "") : rm(lockOf(name), { force: true })));
}

async function isFilled(name: string, key: string): Promise<boolean> {
  try {
    return (await readFile(sidecarOf(name), "utf8")) === key && (await stat(placeFolder(name))).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return false;
    }
    throw error;
  }
}
