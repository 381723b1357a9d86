/** A commit, as far as the walk has come to know it. */
export interface Node {
  hash: string;
  /** Undefined until the commit has been read; until then it is only known as a parent. */
  parents: Node[] | undefined;
  /** The items that stand here. */
  items: Set<number> | undefined;
  /** How many of its differences have been asked for, to its parents in their order. */
  asked: number;
  /** Which items changed against each parent, as far as it has been answered. */
  changed: (readonly number[])[];
}

export interface Graph {
  node(hash: string): Node;
  /** Takes text of `git rev-list --parents` as it comes, and returns the commits that it completes. */
  read(text: string): Node[];
}

export function emptyGraph(): Graph {
  const nodes = new Map<string, Node>();
  let rest = "";
  const node = (hash: string): Node => {
    let known = nodes.get(hash);
    if (!known) {
      known = { hash, parents: undefined, items: undefined, asked: 0, changed: [] };
      nodes.set(hash, known);
    }
    return known;
  };
  const read = (text: string): Node[] => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    return lines.map((line) => {
      const [hash = "", ...parents] = line.split(" ");
      const commit = node(hash);
      commit.parents = parents.map(node);
      return commit;
    });
  };
  return { node, read };
}

/** How many differences a commit has: one to each parent, and a root's to nothing. */
export function differences(parents: readonly Node[]): number {
  return Math.max(1, parents.length);
}
