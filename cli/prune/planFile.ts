import { randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import * as path from "node:path";
import { VersionedImageError } from "../../components/errors";
import { digestOf, isDigest, parseRepository } from "../../components/registry";
import type { Removal } from "./plan";

/** What a run that did not end was to delete. */
export interface EarlierPlan {
  /** When it was made. */
  made: Date;
  removals: Removal[];
}

/** What a file says that it is. */
const FORMAT = "versioned-image prune, plan 1";

/**
 * Where the plan of a repository is kept while its images are deleted: in a directory, by default in the user's one for
 * programs' states ($XDG_STATE_HOME, else ~/.local/state).
 */
export function planPlace(repository: string, directory: string | undefined, env: NodeJS.ProcessEnv): string {
  const { XDG_STATE_HOME = "", HOME = homedir() } = env;
  const states = path.isAbsolute(XDG_STATE_HOME) ? XDG_STATE_HOME : path.join(HOME, ".local", "state");
  const last = parseRepository(repository).name.replace(/.*\//, "").slice(-64);
  const name = `${last}-${digestOf(Buffer.from(repository)).slice("sha256:".length, "sha256:".length + 12)}.json`;
  return path.resolve(directory ?? path.join(states, "versioned-image", "prune"), name);
}

/** The plan that a run has left; undefined if there is none. Throws PlanFailed for whatever is not just what was written. */
export async function readPlan(file: string, repository: string): Promise<EarlierPlan | undefined> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") {
      return undefined;
    }
    throw unusable(file, `can't be read: ${error.message}`, error);
  });
  if (text === undefined) {
    return undefined;
  }
  const found = parsed(text);
  if (found === undefined) {
    throw unusable(file, "is not a plan of this release of versioned-image, or was changed");
  }
  if (found.repository !== repository) {
    throw unusable(file, `is the plan of ${found.repository}, not of ${repository}`);
  }
  return found.plan;
}

/**
 * Keeps a plan, so that all of it is there or nothing, for its user alone. Throws PlanFailed, and PruneUnfinished where there is one already
 * that is not to be replaced.
 */
export async function writePlan(
  file: string,
  repository: string,
  plan: EarlierPlan,
  isReplaced: boolean,
): Promise<void> {
  const scratch = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(scratch, "wx", 0o600);
    try {
      await handle.writeFile(serialized(repository, plan));
      await handle.sync();
      await (isReplaced ? rename(scratch, file) : link(scratch, file));
    } finally {
      await handle.close();
      await rm(scratch, { force: true });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      throw unfinished(file, repository);
    }
    throw new VersionedImageError(
      "PlanFailed",
      `The plan can't be written: ${(error as Error).message}. Nothing was deleted. Name a writable ` +
        "directory with --plan-dir.",
      { cause: error },
    );
  }
}

/** The error for a plan that nobody has ended. */
export function unfinished(file: string, repository: string): VersionedImageError {
  return new VersionedImageError(
    "PruneUnfinished",
    `Another run on ${repository} was interrupted, or is still running: its plan is ${file}. Nothing was ` +
      "deleted. Add --resume to check everything again and finish that run.",
  );
}

function unusable(file: string, what: string, cause?: unknown): VersionedImageError {
  return new VersionedImageError(
    "PlanFailed",
    `${file} ${what}. Nothing was deleted. Name another directory with --plan-dir, or delete the file and ` +
      "run without --resume, which finds everything that has a tag.",
    { cause },
  );
}

function serialized(repository: string, { made, removals }: EarlierPlan): string {
  const content = {
    format: FORMAT,
    repository,
    made: made.toISOString(),
    removals: removals.map(({ digest, tags }) => ({ digest, tags })),
  };
  const checksum = digestOf(Buffer.from(JSON.stringify(content)));
  return `${JSON.stringify({ ...content, checksum }, undefined, 1)}\n`;
}

/** A text is a plan if writing what it says gives the same text again. */
function parsed(text: string): { repository: string; plan: EarlierPlan } | undefined {
  try {
    const { repository, made, removals } = JSON.parse(text);
    const plan = { made: new Date(made), removals };
    const isPlan = removals.every(
      ({ digest, tags }: Removal) => isDigest(digest) && tags.every((tag) => typeof tag === "string"),
    );
    return isPlan && serialized(repository, plan) === text ? { repository, plan } : undefined;
  } catch {
    // Whatever can't be read so is no plan.
    return undefined;
  }
}
