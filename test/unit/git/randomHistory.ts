/** A history made at random, as text for `git fast-import`, and items to ask it for. */
export interface RandomHistory {
  stream: string;
  branch: string;
  items: string[][];
}

/** What a commit holds: by path, the mode and content as fast-import takes them. */
type Tree = Map<string, string>;

interface Commit {
  mark: number;
  tree: Tree;
  parents: Commit[];
}

const DIRECTORIES = [
  ...["app", "app-x", "app/x", "app/x/y", "app/xy", "app.x", "a", "ab", "a/b", "a/b/c", "a/bc", "b", "lib", "lib/app"],
  ...["images/one", "images/one-1", "images/two", "images/two/one", "images/three/deep/deeper"],
  ...[
    "app*",
    "-n",
    "--",
    ":(glob)x",
    ":!a",
    "[a]",
    "a b",
    " ",
    "ü/é",
    "new\nline",
    "\nfirst",
    "tab\t",
    'q"uo\\te',
    "M",
  ],
  ...["deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"],
];
/** Stands for a byte that is no UTF-8. */
const NO_UTF8 = "\ue000";
const FILES = ["f", "g", "Dockerfile", "x", "b", "ö\n", `n${NO_UTF8}`];
/** Few contents, so that files are alike by chance. */
export const BLOBS = ["", "1\n", "two\n"].map(
  (data, number) => `blob\nmark :${number + 1}\ndata ${data.length}\n${data}`,
);
const GITLINKS = ["1", "2"].map((digit) => `160000 ${digit.repeat(40)}`);
const MODES = ["100644", "100644", "100644", "100755", "120000"];

/** A stream of numbers in [0, 1) that depends on the seed alone (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The history of a seed: 30 to 49 commits, 150 to 299 of each tenth seed, and those that join what is left open. */
export function randomHistory(seed: number, firstMark: number): RandomHistory {
  const random = randomNumbers(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(values: readonly T[]) => values[below(values.length)] as T;
  const chance = (probability: number) => random() < probability;

  const branch = `refs/heads/seed-${seed}`;
  const clock = pick(CLOCKS);
  const commits: Commit[] = [];
  const lines: string[] = [];

  const commit = (parents: Commit[], tree: Tree): Commit => {
    const made = { mark: firstMark + commits.length, tree, parents };
    const date = 1_500_000_000 + clock(commits.length, random);
    // A commit without "from" would follow the branch's last one.
    lines.push(...(parents.length === 0 ? [`reset ${branch}\n`] : []));
    lines.push(`commit ${branch}`, `mark :${made.mark}`, `committer A <a@example.com> ${date} +0000`, "data 0");
    lines.push(...parents.map(({ mark }, number) => `${number === 0 ? "from" : "merge"} :${mark}`));
    lines.push(...changes(parents[0]?.tree ?? new Map(), tree), "");
    commits.push(made);
    return made;
  };

  const content = () => (chance(0.05) ? pick(GITLINKS) : `${pick(MODES)} :${1 + below(BLOBS.length)}`);
  const somewhere = () => (chance(0.15) ? pick(DIRECTORIES) : `${pick(DIRECTORIES)}/${pick(FILES)}`);
  const edit = (tree: Tree) => {
    const kind = random();
    const directory = pick(DIRECTORIES);
    if (kind < 0.6) {
      put(tree, somewhere(), content());
    } else if (kind < 0.7) {
      tree.delete(pick([...tree.keys(), ""]));
    } else if (kind < 0.78) {
      remove(tree, directory);
    } else if (kind < 0.9) {
      const to = pick(DIRECTORIES);
      const moved = within(tree, directory);
      remove(tree, directory);
      for (const [path, what] of moved) {
        put(tree, to + path.slice(directory.length), what);
      }
    } else {
      // Back to what it was in some other commit.
      remove(tree, directory);
      for (const [path, what] of within(commits.length > 0 ? pick(commits).tree : tree, directory)) {
        put(tree, path, what);
      }
    }
  };
  const edited = (tree: Tree, atMost: number): Tree => {
    const result = new Map(tree);
    for (let count = below(atMost + 1); count > 0; count--) {
      edit(result);
    }
    return result;
  };
  const merged = (parents: Commit[]): Tree => {
    const kind = random();
    if (kind < 0.3) {
      return new Map((kind < 0.15 ? parents[0] : pick(parents))?.tree);
    }
    const result: Tree = new Map();
    for (const parent of parents) {
      for (const [path, what] of parent.tree) {
        if (chance(1 / parents.length + 0.1)) {
          put(result, path, what);
        }
      }
    }
    for (const directory of DIRECTORIES.filter(() => chance(0.8))) {
      remove(result, directory);
      for (const [path, what] of within(pick(parents).tree, directory)) {
        put(result, path, what);
      }
    }
    return chance(0.2) ? edited(result, 2) : result;
  };
  const heads = () => {
    const joined = new Set(commits.flatMap(({ parents }) => parents));
    return commits.filter((one) => !joined.has(one));
  };
  const step = () => {
    const kind = random();
    const tip = chance(0.7) ? (commits.at(-1) as Commit) : pick(commits);
    if (kind < 0.05) {
      commit([], edited(new Map(), 8));
    } else if (kind < 0.25) {
      // Now and then the same parent twice.
      const parents = [
        tip,
        ...Array.from({ length: chance(0.2) ? 1 + below(4) : 1 }, () => pick([...heads(), pick(commits)])),
      ];
      commit(parents, merged(parents));
    } else if (kind < 0.3) {
      const other = pick(commits);
      commit([tip, other], merged([tip, other]));
      commit([other, tip], merged([other, tip]));
    } else if (kind < 0.4) {
      const { tree, parents } = pick(commits);
      commit([tip], cherryPicked(tip.tree, parents[0]?.tree ?? new Map(), tree));
    } else if (kind < 0.45) {
      commit([tip], new Map(pick(commits).tree));
    } else {
      commit([tip], edited(tip.tree, 4));
    }
  };

  commit([], edited(new Map(), 60));
  for (const length = seed % 10 === 0 ? 150 + below(150) : 30 + below(20); commits.length < length; ) {
    step();
  }
  const open = heads();
  let last = open.length > 1 ? commit(open, merged(open)) : (open[0] as Commit);
  for (let count = below(3); count > 0; count--) {
    last = commit([last], edited(last.tree, 3));
  }
  lines.push(`reset ${branch}`, `from :${last.mark}`, "");

  const asked = () =>
    chance(0.7) ? pick(DIRECTORIES) : pick([`${pick(DIRECTORIES)}/${pick(FILES.slice(0, 6))}`, "images", "never"]);
  const several = Array.from({ length: 12 }, () => Array.from({ length: 2 + below(4) }, asked));
  const items = [...DIRECTORIES.map((directory) => [directory]), [""], ["images"], ["never"], [asked()], ...several];
  return { stream: lines.join("\n"), branch, items };
}

/** Seconds by a commit's number. Clocks are often wrong; most of the time a little. */
const CLOCKS: ((number: number, random: () => number) => number)[] = [
  (number) => number * 60,
  () => 0,
  (number) => Math.floor(number / 4) * 60,
  (number) => -number * 60,
  (_, random) => Math.floor(random() * 100_000),
  (number, random) => number * 60 + (random() < 0.2 ? Math.floor((random() - 0.5) * 100_000) : 0),
];

function put(tree: Tree, path: string, what: string): void {
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
    tree.delete(path.slice(0, slash));
  }
  remove(tree, path);
  tree.set(path, what);
}

function within(tree: Tree, path: string): [string, string][] {
  return [...tree].filter(([name]) => name === path || name.startsWith(`${path}/`));
}

function remove(tree: Tree, path: string): void {
  for (const [name] of within(tree, path)) {
    tree.delete(name);
  }
}

function cherryPicked(onto: Tree, before: Tree, after: Tree): Tree {
  const result = new Map(onto);
  for (const path of before.keys()) {
    if (!after.has(path)) {
      result.delete(path);
    }
  }
  for (const [path, what] of after) {
    if (before.get(path) !== what) {
      put(result, path, what);
    }
  }
  return result;
}

function changes(before: Tree, after: Tree): string[] {
  const deleted = [...before.keys()].filter((path) => !after.has(path));
  const written = [...after].filter(([path, what]) => before.get(path) !== what);
  return [...deleted.map((path) => `D ${quote(path)}`), ...written.map(([path, what]) => `M ${what} ${quote(path)}`)];
}

/** A path as fast-import reads it: each byte that is not plain as three octal digits. */
function quote(path: string): string {
  const bytes = [...path].flatMap((character) => (character === NO_UTF8 ? [0xff] : [...Buffer.from(character)]));
  const written = bytes.map((byte) =>
    byte < 0x21 || byte > 0x7e || byte === 0x22 || byte === 0x5c
      ? `\\${byte.toString(8).padStart(3, "0")}`
      : String.fromCharCode(byte),
  );
  return `"${written.join("")}"`;
}
