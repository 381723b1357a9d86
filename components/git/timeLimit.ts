import type { ChildProcess } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { invalidArgument, VersionedImageError } from "../errors";
import { descendantsOf, type Running, signalAll } from "./descendants";

/** What a call of git is for. */
export type Purpose =
  /** To find something out. */
  | "facts"
  /** To write files, which filters may have to fetch. */
  | "files";

/** How long a call may take, in seconds. */
const DEFAULTS: Record<Purpose, number> = { facts: 120, files: 600 };

/** The variable that replaces both limits, in seconds. */
const VARIABLE = "VERSIONED_IMAGE_GIT_TIMEOUT";

/** The most that a timer can wait for, in seconds. */
const MOST = Math.floor((2 ** 31 - 1) / 1000);

/** So long has a program to end by itself once it was told to, in ms. */
const GRACE = 2_000;

/** A call of git that runs. */
export interface Call {
  args: readonly string[];
  cwd: string;
  purpose: Purpose;
  /** The program; undefined until it has been started. */
  program(): ChildProcess | undefined;
  /** Tells git to end. */
  abort(): void;
}

/**
 * Waits for a call of git, but no longer than 120 seconds, or 600 if it writes files, or as many as VERSIONED_IMAGE_GIT_TIMEOUT
 * says. Throws GitTimeout, once git and all that it has started has been ended; InvalidArgument if the variable is no number
 * of seconds.
 */
export async function withinLimit<T>(call: Call, running: () => Promise<T>): Promise<T> {
  const seconds = limitOf(call.purpose);
  const ended = new AbortController();
  const limit = wait(seconds * 1000, "late" as const, { signal: ended.signal });
  const work = running();
  try {
    const first = await Promise.race([work.then((value) => ({ value })), limit]);
    if (first !== "late") {
      return first.value;
    }
  } finally {
    ended.abort();
  }
  throw timedOut(call, seconds, await end(call, work));
}

/** How long a call of git may take, in seconds. Throws InvalidArgument if the variable is no number of seconds. */
export function limitOf(purpose: Purpose): number {
  const given = process.env[VARIABLE];
  if (given === undefined || given === "") {
    return DEFAULTS[purpose];
  }
  const seconds = /^\d+(\.\d+)?$/.test(given) ? Number(given) : 0;
  if (seconds <= 0 || seconds > MOST) {
    throw invalidArgument(
      `${VARIABLE} is ${JSON.stringify(given)}. Set it to the time limit of a git command in seconds, for instance 1800.`,
    );
  }
  return seconds;
}

/** Ends git and what it has started, which would hold its output open. Returns what git was waiting for. */
async function end({ program, abort }: Call, work: Promise<unknown>): Promise<Running[]> {
  const pid = program()?.pid;
  const started = pid === undefined ? [] : await descendantsOf(pid);
  const ended = work.then(
    () => "ended" as const,
    () => "ended" as const,
  );
  abort();
  await signalAll(started, "SIGTERM");
  const patience = new AbortController();
  const first = await Promise.race([ended, wait(GRACE, "late" as const, { signal: patience.signal })]);
  patience.abort();
  if (first === "late") {
    program()?.kill("SIGKILL");
  }
  await signalAll(started, "SIGKILL");
  return started;
}

function timedOut({ args, cwd, purpose }: Call, seconds: number, started: Running[]): VersionedImageError {
  const names = [...new Set(started.map(({ name }) => name))];
  const waiting =
    names.length > 0
      ? ` Git was waiting for ${names.join(", ")}. Check why it hangs (a filter in .gitattributes, a fetch into a partial ` +
        "clone, the network)."
      : ` Check whether \`git ${purpose === "files" ? "checkout" : (args[0] ?? "")}\` completes when you run it there.`;
  return new VersionedImageError(
    "GitTimeout",
    `git ${args[0]} in ${cwd} did not finish within ${seconds} seconds and was stopped.${waiting} If it is only slow, raise the ` +
      `limit: ${VARIABLE}=1800 (seconds).`,
  );
}
