import type { Node } from "./graph";
import { addItemsOf, type ItemIndex } from "./items";
import { startGit } from "./stream";

const OPTIONS = [
  ...["-r", "-z", "--root", "--always"],
  // Not names alone: one that looks like a hash would be taken for a commit.
  ...["--name-status", "--no-renames", "--no-relative", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none"],
];

export interface Differ {
  /** Asks which items changed in a commit against the next parent that has not been asked for. */
  ask(commit: Node): void;
  /** Sends what has been asked, and has it answered without waiting for more. */
  send(): void;
  /** Whether something has been asked that is not answered yet. */
  isBusy(): boolean;
  /** Rejects when git gives up. */
  ended: Promise<void>;
  stop(): void;
}

/**
 * Compares commits with their parents: the items that changed go to the commit's `changed`, in the order of asking, and
 * `answered` is called with the commits as answers come. Only changes below the pathspecs are seen; without one, all.
 */
export function startDiffer(
  root: string,
  pathspecs: string[],
  index: ItemIndex,
  answered: (commits: Node[]) => void,
): Differ {
  /** What has been asked and not been answered; undefined where git was told to flush. */
  const queue: (Node | undefined)[] = [];
  let next = 0;
  let lines: string[] = [];
  let rest = "";
  let current: Node | undefined;
  const touched = new Set<number>();
  let completed: Node[] = [];

  const complete = () => {
    if (current) {
      current.changed.push([...touched]);
      touched.clear();
      completed.push(current);
    }
  };
  const begin = (hash: string | undefined) => {
    complete();
    current = queue[next];
    next++;
    if (current?.hash !== hash) {
      throw new Error(`git diff-tree answered ${hash ?? "nothing"} when asked for ${current?.hash ?? "nothing"}`);
    }
    if (next === queue.length) {
      queue.length = 0;
      next = 0;
    }
  };
  const read = (text: string) => {
    const whole = rest + text;
    let position = 0;
    while (position < whole.length) {
      // The line that made git flush comes back as it is, without a NUL.
      if (whole[position] === "\n") {
        begin(undefined);
        position++;
        continue;
      }
      const end = whole.indexOf("\0", position);
      if (end < 0) {
        break;
      }
      if (end - position > 1) {
        begin(whole.slice(position, end));
        position = end + 1;
        continue;
      }
      // A status letter, and the path it belongs to.
      const pathEnd = whole.indexOf("\0", end + 1);
      if (pathEnd < 0) {
        break;
      }
      addItemsOf(whole.slice(end + 1, pathEnd), index, touched);
      position = pathEnd + 1;
    }
    rest = whole.slice(position);
    const commits = completed;
    completed = [];
    answered(commits);
  };
  const { process, ended, stop } = startGit(
    ["diff-tree", "--stdin", ...OPTIONS, ...(pathspecs.length > 0 ? ["--", ...pathspecs] : [])],
    { cwd: root, encoding: "latin1" },
    read,
  );
  const ask = (commit: Node) => {
    const parent = commit.parents?.[commit.asked];
    lines.push(parent ? `${commit.hash} ${parent.hash}\n` : `${commit.hash}\n`);
    queue.push(commit);
    commit.asked++;
  };
  const send = () => {
    if (lines.length > 0) {
      queue.push(undefined);
      process.stdin.write(`${lines.join("")}\n`);
      lines = [];
    }
  };
  const isBusy = () => queue.length > 0;
  return { ask, send, isBusy, ended, stop };
}
