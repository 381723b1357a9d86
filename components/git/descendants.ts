import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";

/** A program that runs on this machine. */
export interface Running {
  pid: number;
  parent: number;
  /** When it began, in the system's own words: numbers of programs are used again. */
  began: string;
  /** The program's name. Its arguments may hold secrets, such as the address of a remote. */
  name: string;
}

/** How long `ps` may take, in ms. */
const PS_LIMIT = 5_000;

/** What a program has started that still runs, each before what it has started itself. */
export async function descendantsOf(pid: number): Promise<Running[]> {
  const all = await allRunning();
  const found: Running[] = [];
  const visit = (parent: number) => {
    for (const child of all.filter((one) => one.parent === parent)) {
      found.push(child);
      visit(child.pid);
    }
  };
  visit(pid);
  return found;
}

/** Sends a signal to those that still run. */
export async function signalAll(programs: readonly Running[], signal: NodeJS.Signals): Promise<void> {
  const now = new Map((await allRunning()).map(({ pid, began }) => [pid, began]));
  for (const { pid } of programs.filter((one) => now.get(one.pid) === one.began)) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      // It has ended meanwhile, or is another user's, so that nothing can be done.
      if (!["ESRCH", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) {
        throw error;
      }
    }
  }
}

/** Linux tells by itself; many of its container images have no `ps`. */
function allRunning(): Promise<Running[]> {
  return process.platform === "linux" ? fromProc() : fromPs();
}

async function fromProc(): Promise<Running[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  // One that has ended meanwhile can't be read.
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")));
  return lines.flatMap((line) => {
    // The name stands in parentheses and may hold some itself.
    const [, pid, name = "", rest = ""] = /^(\d+) \((.*)\) (.*)$/s.exec(line) ?? [];
    const [state, parent, ...others] = rest.split(" ");
    return pid && state !== "Z" ? [{ pid: Number(pid), parent: Number(parent), began: others[17] ?? "", name }] : [];
  });
}

function fromPs(): Promise<Running[]> {
  return new Promise((resolve) => {
    execFile("ps", ["-A", "-o", "pid=,ppid=,lstart=,comm="], { timeout: PS_LIMIT }, (_, printed) =>
      resolve(
        printed.split("\n").flatMap((line) => {
          const [, pid, parent, began = "", name = ""] = /^\s*(\d+)\s+(\d+)\s+(.{24})\s+(.*)$/.exec(line) ?? [];
          return pid ? [{ pid: Number(pid), parent: Number(parent), began, name: name.replace(/^.*\//, "") }] : [];
        }),
      ),
    );
  });
}
