import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { ifThere } from "../files";
import { type BuildContext, placeFolder, putInPlace, removePlace, sidecarOf } from "./place";
import type { PreparedContext } from "./preparedContext";
import {
  ensureStagingRoot,
  isLockedByAnother,
  lockOf,
  newPlaceName,
  STAGING,
  stagedBeside,
  stagingFailed,
} from "./stagingRoot";

/** Where a builder finds the files of one content that it looks at in each run, built or not: BuildKit's provider does. */
export interface KeptPlace {
  /** The folder's name: 16 hexadecimal digits. */
  name: string;
  /** The name of the context's folder in it, which no other content has. */
  folder: string;
  /** The Dockerfile, relative to the context, as the program names it. */
  dockerfile: string;
  /** The names of the named contexts that are directories. */
  contexts: string[];
  /** Whose files they are, in words that nothing else has: of one owner, one place is in use. */
  owner: string;
}

/** After how long a place is taken for abandoned where its owner fills another one, in milliseconds. */
const ABANDONED = 24 * 60 * 60 * 1000;

/** Where in a directory the context is, and each named one. */
interface Layout {
  context: string;
  named(name: string): string;
}

/** Where in a directory with a layout the context is, until it has a name of its own. */
export const CONTEXT_FOLDER = "context";

/** A place as a state keeps it: `NAME/FOLDER`, or in those of earlier releases `NAME`. */
export function placeOf(kept: string): Pick<KeptPlace, "name" | "folder"> {
  const [name = "", folder = CONTEXT_FOLDER] = kept.split("/");
  return { name, folder };
}

/**
 * Gives the context of a layout a name that no other content has. What BuildKit was sent of a folder it keeps by the folder's name, and of the next
 * folder of that name it is sent only the files whose size or time is another: files of one commit all have the commit's time.
 */
export async function nameContext(directory: string, folder = newPlaceName()): Promise<Layout> {
  await rename(path.join(directory, CONTEXT_FOLDER), path.join(directory, folder));
  return layoutIn(directory, folder);
}

/** The context and its named contexts below a directory. */
function layoutIn(directory: string, folder: string): Layout {
  return {
    context: path.join(directory, folder),
    // A name may have slashes.
    named: (name) => path.join(directory, "contexts", encodeURIComponent(name)),
  };
}

/** Makes the directories of a layout, and gives it back. */
export async function makeLayout(directory: string, contexts: string[]): Promise<Layout> {
  const layout = layoutIn(directory, CONTEXT_FOLDER);
  for (const folder of [layout.context, ...contexts.map(layout.named)]) {
    await mkdir(folder, { recursive: true });
  }
  return layout;
}

/** Where a kept place is. */
export function keptContextOf({ name, folder, dockerfile, contexts }: Omit<KeptPlace, "owner">): BuildContext {
  const { context, named } = layoutIn(placeFolder(name), folder);
  return {
    context,
    dockerfile: path.join(context, stagedBeside(dockerfile)),
    named: Object.fromEntries(contexts.map((each) => [each, named(each)])),
  };
}

/**
 * Sees that a place holds the files that a key stands for, which are prepared only where it does not; what the owner left elsewhere long ago
 * is removed then. Leaves alone what another process builds from. Throws StagingFailed.
 */
export async function ensureFilled(
  { name, folder, owner }: KeptPlace,
  key: string,
  prepare: () => Promise<PreparedContext>,
): Promise<void> {
  await stagingFailed(async () => {
    await ensureStagingRoot();
    const said = `${owner}\n${key}`;
    if ((await isFilled(name, said)) || (await isLockedByAnother(name))) {
      return;
    }
    await removeLeftBehind(name, owner);
    const files = await prepare();
    try {
      await rm(sidecarOf(name), { force: true });
      await nameContext(files.directory, folder);
      await putInPlace(files.directory, placeFolder(name));
      await writeFile(sidecarOf(name), said);
    } finally {
      await files.discard();
    }
  });
}

/** Says that this process builds from a place, or does no longer. */
export async function setInUse({ name }: KeptPlace, inUse: boolean): Promise<void> {
  await stagingFailed(() => (inUse ? writeFile(lockOf(name), "") : rm(lockOf(name), { force: true })));
}

/** Another machine's update of the same stack may have moved on, and nothing here was told. */
async function removeLeftBehind(name: string, owner: string): Promise<void> {
  for (const entry of await readdir(STAGING)) {
    const [, other] = /^([0-9a-f]{16})\.filled$/.exec(entry) ?? [];
    if (other !== undefined && other !== name && (await isLeftBehind(other, owner))) {
      await removePlace(placeFolder(other));
    }
  }
}

async function isLeftBehind(name: string, owner: string): Promise<boolean> {
  const isOwn = (await sidecarText(name))?.startsWith(`${owner}\n`) === true;
  return isOwn && Date.now() - (await stat(sidecarOf(name))).mtimeMs > ABANDONED;
}

async function isFilled(name: string, said: string): Promise<boolean> {
  return (await sidecarText(name)) === said && existsSync(placeFolder(name));
}

/** Undefined where there is none: others may take away what is theirs at any time. */
function sidecarText(name: string): Promise<string | undefined> {
  return ifThere(readFile(sidecarOf(name), "utf8"));
}
