import { startDiffer } from "./differ";
import { differences, emptyGraph, type Node } from "./graph";
import { cover, indexItems, split, union } from "./items";
import { startGit } from "./stream";

/** How much is asked for ahead of what is known to be needed: round trips cost more than answers that nobody needs. */
export interface Pace {
  /** Of so many commits all differences are asked for at once: what changed lately is found in few round trips. */
  lately: number;
  /** Further back, differences to first parents are asked for in batches that grow from one size to the other. */
  smallBatch: number;
  largeBatch: number;
}

const PACE: Pace = { lately: 64, smallBatch: 16, largeBatch: 512 };

/**
 * The last commits of all items from one walk through history. Each item goes git's own way: from a commit to the first
 * parent that has its paths alike; where there is none, that commit is its answer. Items that stand at a commit together
 * go on together. No order of commits is relied on (clocks may be skewed): an item can be handed to a commit that others
 * have left, where what git said before still holds.
 */
export async function walk(
  root: string,
  items: readonly (readonly string[])[],
  start: string,
  pace = PACE,
): Promise<(string | undefined)[]> {
  const answers = new Array<string | undefined>(items.length).fill(undefined);
  const graph = emptyGraph();
  const batchSizes = new Map<Node, number>();
  /** Commits with items, whose next step may be possible. */
  const ready: Node[] = [];
  /** Commits that something waits for until they are read. */
  const awaited = new Set<Node>();
  let open = items.length;
  let read = 0;
  let listed = false;

  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });

  const hand = (parent: Node, moved: Set<number>) => {
    parent.items = parent.items ? union(parent.items, moved) : moved;
    ready.push(parent);
  };

  /** Moves the items of a commit as far as what is known of it allows, and asks for more where it does not. */
  const advance = (commit: Node) => {
    const { parents } = commit;
    if (!parents) {
      awaited.add(commit);
      return;
    }
    for (let number = 0; number < differences(parents) && commit.items; number++) {
      const changed = commit.changed[number];
      if (!changed) {
        if (commit.asked <= number) {
          askAhead(commit);
        }
        return;
      }
      const [alike, different] = split(commit.items, changed);
      commit.items = different;
      const parent = parents[number];
      if (alike && parent) {
        hand(parent, alike);
      } else if (alike) {
        open -= alike.size;
      }
    }
    for (const item of commit.items ?? []) {
      answers[item] = commit.hash;
    }
    open -= commit.items?.size ?? 0;
    commit.items = undefined;
  };

  /** Asks for the next difference of a commit, and for those on its line of first parents that may be next. */
  const askAhead = (commit: Node) => {
    differ.ask(commit);
    const size = batchSizes.get(commit) ?? pace.smallBatch;
    let ahead: Node = commit.parents?.[commit.asked - 1] as Node;
    for (let count = 1; ahead && ahead.asked === 0; count++) {
      if (!ahead.parents) {
        awaited.add(ahead);
        return;
      }
      if (count >= size) {
        batchSizes.set(ahead, Math.min(2 * size, pace.largeBatch));
        return;
      }
      differ.ask(ahead);
      ahead = ahead.parents[0] as Node;
    }
  };

  const goOn = () => {
    for (let commit = ready.pop(); commit; commit = ready.pop()) {
      advance(commit);
    }
    differ.send();
    // Until a commit has been read, it is the first one that all items wait for.
    const reading = read === 0 || awaited.size > 0;
    if (open === 0) {
      finish();
    } else if (reading && !listed) {
      list.process.stdout.resume();
    } else if (!reading && differ.isBusy()) {
      list.process.stdout.pause();
    } else {
      throw new Error(`the history of ${start} in ${root} has an end that git does not name: ${open} items are left`);
    }
  };

  const differ = startDiffer(root, cover(items.flat()), indexItems(items), (commits) => {
    ready.push(...commits);
    goOn();
  });
  const list = startGit(["rev-list", "--parents", start, "--"], { cwd: root }, (text) => {
    for (const commit of graph.read(text)) {
      if (read === 0) {
        hand(commit, new Set(items.keys()));
      }
      if (awaited.delete(commit)) {
        ready.push(commit);
      }
      if (read < pace.lately) {
        while (commit.asked < differences(commit.parents ?? [])) {
          differ.ask(commit);
        }
      }
      read++;
    }
    goOn();
  });
  try {
    const listEnded = list.ended.then(() => {
      listed = true;
      goOn();
      return finished;
    });
    await Promise.race([finished, listEnded, differ.ended]);
    if (open > 0) {
      throw new Error("git diff-tree ended before it had answered");
    }
  } finally {
    differ.stop();
    list.stop();
  }
  return answers;
}
