import { type Changes, type Commit, isWithin } from "../version";
import { COMMIT_FORMAT, commitsIn } from "./commits";
import { git } from "./git";
import { GitError } from "./gitError";

/** A version that replaces another. */
export interface Replacement {
  /** The repository's root. */
  root: string;
  /** What names the commit of the version before: a hash, whole or short, or any other revision. */
  from: string;
  /** The commit of the version that replaces it. */
  to: string;
  /** What the image is made of, relative to the root; "" is all of it. */
  paths: string[];
}

interface Waiting extends Replacement {
  resolve(changes: Changes | undefined): void;
  reject(error: unknown): void;
}

let waiting: Waiting[] = [];

/**
 * The commits that touch an image and lie between two of its versions; undefined if this clone has no such commit as `from`. What is
 * asked for in one tick is answered together, by as many calls of git as one image needs. Throws GitFailed.
 */
export function readChanges(replacement: Replacement): Promise<Changes | undefined> {
  return new Promise((resolve, reject) => {
    if (waiting.length === 0) {
      setImmediate(answerAll);
    }
    waiting.push({ ...replacement, resolve, reject });
  });
}

async function answerAll(): Promise<void> {
  const asked = waiting;
  waiting = [];
  const roots = [...new Set(asked.map(({ root }) => root))];
  await Promise.all(
    roots.map(async (root) => {
      const images = asked.filter((image) => image.root === root);
      try {
        const answers = await changesOf(root, images);
        images.forEach((image, index) => {
          image.resolve(answers[index]);
        });
      } catch (error) {
        for (const image of images) {
          image.reject(error);
        }
      }
    }),
  );
}

async function changesOf(root: string, images: Replacement[]): Promise<(Changes | undefined)[]> {
  const commits = await resolveCommits(
    root,
    images.flatMap(({ from, to }) => [from, to]),
  );
  const ends = images.map((_, index) => ({ from: commits[2 * index], to: commits[2 * index + 1] }));
  const tips = [...new Set(commits.filter((hash) => hash !== undefined))];
  if (tips.length < 2) {
    return ends.map(({ from, to }) => (from && to ? { added: [], removed: [] } : undefined));
  }
  const graph = await readGraph(root, tips);
  const touched = await touchedIn(root, graph, images);
  return images.map(({ paths }, index) => {
    const { from, to } = ends[index] ?? {};
    if (from === undefined || to === undefined) {
      return undefined;
    }
    const [before, after] = [reachable(graph, from), reachable(graph, to)];
    // As git log has it: a merge touches what it does not have from one of its parents as it is.
    const covers = (hash: string) =>
      touched.get(hash)?.every((files) => files.some((file) => paths.some((path) => isWithin(file, path))));
    const among = (these: Set<string>, others: Set<string>) =>
      [...graph].flatMap(([hash, { commit }]) =>
        these.has(hash) && !others.has(hash) && covers(hash) ? [commit] : [],
      );
    return { added: among(after, before), removed: among(before, after) };
  });
}

/** The full hashes of what names commits; undefined for what this clone has no commit for. */
async function resolveCommits(root: string, revisions: string[]): Promise<(string | undefined)[]> {
  const printed = await git(["cat-file", "--batch-check=%(objecttype) %(objectname)"], {
    cwd: root,
    input: revisions.map((revision) => `${revision.replace(/\s/g, " ")}^{commit}\n`).join(""),
  });
  return printed.split("\n").map((line) => /^commit ([0-9a-f]+)$/.exec(line)?.[1]);
}

interface Step {
  commit: Commit;
  parents: string[];
}

/** The commits from the tips back to where all of them meet, newest first. */
async function readGraph(root: string, tips: string[]): Promise<Map<string, Step>> {
  const shared = await git(["merge-base", "--octopus", "--all", ...tips], { cwd: root }).catch((error) => {
    // It says so where histories have nothing in common, and nothing else.
    if (error instanceof GitError && error.words === "") {
      return "";
    }
    throw error;
  });
  const input = [...tips, ...shared.split("\n").flatMap((hash) => (hash === "" ? [] : `^${hash}`))].join("\n");
  const ask = (format: string) =>
    git(["rev-list", "--topo-order", format, "--stdin"], { cwd: root, input: `${input}\n` });
  const [described, related] = await Promise.all([ask(COMMIT_FORMAT), ask("--parents")]);
  const parents = new Map(
    related
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split(" "))
      .map(([hash = "", ...rest]) => [hash, rest]),
  );
  return new Map(
    commitsIn(described).map((commit) => [commit.hash, { commit, parents: parents.get(commit.hash) ?? [] }]),
  );
}

/** The files below the paths of the images that each commit changed, against each of its parents. */
async function touchedIn(
  root: string,
  graph: Map<string, Step>,
  images: Replacement[],
): Promise<Map<string, string[][]>> {
  const pairs = [...graph].flatMap(([hash, { parents }]) =>
    parents.length === 0 ? [[hash]] : parents.map((parent) => [hash, parent]),
  );
  const paths = [...new Set(images.flatMap((image) => image.paths))];
  const printed = await git([...DIFF, "--", ...(paths.includes("") ? [] : paths)], {
    cwd: root,
    input: pairs.map((pair) => `${pair.join(" ")}\n`).join(""),
  });
  const touched = new Map<string, string[][]>();
  const entries = printed.split("\0").values();
  let files: string[] = [];
  for (const entry of entries) {
    if (/^[0-9a-f]{40,}$/.test(entry)) {
      files = [];
      touched.set(entry, [...(touched.get(entry) ?? []), files]);
    } else if (entry !== "") {
      // A letter for what happened to it, then its name.
      files.push(entries.next().value ?? "");
    }
  }
  return touched;
}

const DIFF = [
  ...["diff-tree", "--stdin", "-r", "-z", "--root", "--always", "--name-status", "--no-renames"],
  ...["--no-relative", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none"],
];

function reachable(graph: Map<string, Step>, from: string): Set<string> {
  const found = new Set<string>();
  const next = [from];
  for (let hash = next.pop(); hash !== undefined; hash = next.pop()) {
    const step = graph.get(hash);
    if (step && !found.has(hash)) {
      found.add(hash);
      next.push(...step.parents);
    }
  }
  return found;
}
