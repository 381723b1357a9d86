import {
  findCommit,
  type History,
  listRefs,
  lookUpCommits,
  type Ref,
  readContent,
  readRemote,
  treesAt,
  treesWithin,
  unreachable,
} from "../../components/git/lookup";
import {
  type Commit,
  labelIn,
  labelledSource,
  REVISION_LABEL,
  SOURCE_LABEL,
  TREE_LABEL,
} from "../../components/version";
import type { Held } from "./held";
import type { Provenance } from "./plan";
import { matchesRef, type RefPatterns } from "./settings";

/** Paths of an image, as a program names them; of an image of one directory that is all. */
export type Paths = string[];

/**
 * What git knows of each image that says its commit and its files. Where it is in the repository is said by options or by its labels, if its
 * commit has its files there; else it is found by its files. `remoteRefs` are the remotes' branches and tags as they are now. Throws GitFailed.
 */
export async function readProvenance(
  history: History,
  held: Held,
  patterns: RefPatterns,
  named: Paths[],
  remoteRefs: Ref[] = [],
): Promise<Map<string, Provenance>> {
  const images = [...held.manifests.values()].flatMap(({ digest, labels = {} }) => {
    const revision = labelIn(labels, REVISION_LABEL);
    const tree = labelIn(labels, TREE_LABEL);
    const source = labelIn(labels, SOURCE_LABEL);
    const said = labelledSource(labels)?.paths;
    return revision === undefined || tree === undefined ? [] : [{ digest, revision, tree, source, said }];
  });
  const commits = await lookUpCommits(
    history,
    images.map(({ revision }) => revision),
  );
  const [gone, remote, refs] = await Promise.all([
    unreachable(history, [...commits.keys()]),
    readRemote(history.root),
    keptRefs(history, patterns, remoteRefs),
  ]);
  const found = await findPaths(history, images, commits, named);
  // Of a file, or of several paths, no ref has a directory with their tree.
  const wheres = distinct([...named, ...[...found.values()].flat()]);
  const holders = await refsByTree(history, refs, new Set(images.map(({ tree }) => tree)), wheres);
  return new Map(
    images.map(({ digest, revision, tree, source }) => {
      const commit = commits.get(revision);
      const isOurs = source !== undefined && source === remote;
      return [
        digest,
        {
          commit,
          commitIs: commit ? (gone.has(revision) ? "lost" : "there") : isOurs ? "lost" : "unknown",
          paths: (found.get(nameOf({ revision, tree })) ?? []).map((paths) => paths.join("\n")),
          refs: holders.get(tree) ?? [],
        },
      ];
    }),
  );
}

/** HEAD, and the branches and tags that are meant, those of remotes as well that the clone has not been told of. */
async function keptRefs(history: History, patterns: RefPatterns, remoteRefs: Ref[]): Promise<Ref[]> {
  const head = (await findCommit(history, "HEAD")) ?? "";
  const known = await listRefs(history);
  const commits = await lookUpCommits(
    history,
    remoteRefs.map(({ commit }) => commit),
  );
  // As the clone knows them, and as they are now.
  const newer = remoteRefs.filter(
    ({ name, kind, commit }) =>
      commits.has(commit) &&
      !known.some((other) => other.name === name && other.kind === kind && other.commit === commit),
  );
  const refs = [...known, ...newer].filter((ref) => matchesRef(ref, patterns));
  return [{ name: "HEAD", kind: "branch", commit: head }, ...refs];
}

/** The paths that have each image's files at its commit, by commit and tree: several where directories are alike. */
async function findPaths(
  history: History,
  images: { revision: string; tree: string; said: Paths | undefined }[],
  commits: Map<string, Commit>,
  named: Paths[],
): Promise<Map<string, Paths[]>> {
  const found = new Map<string, Paths[]>();
  const there = images.filter(({ revision }) => commits.has(revision));
  const tryPaths = async (paths: Paths, among: typeof there) => {
    const trees = await treesAt(
      history,
      among.map(({ revision }) => revision),
      paths,
    );
    for (const [name, { revision, tree }] of new Map(among.map((image) => [nameOf(image), image]))) {
      if (trees.get(revision) === tree) {
        found.set(name, [...(found.get(name) ?? []), paths]);
      }
    }
  };
  for (const paths of named) {
    await tryPaths(paths, there);
  }
  // What an image says of itself is tried for that image alone.
  const unnamed = there.filter((image) => !found.has(nameOf(image)));
  for (const paths of distinct(unnamed.flatMap(({ said }) => (said ? [said] : [])))) {
    await tryPaths(
      paths,
      unnamed.filter(({ said }) => said && keyOf(said) === keyOf(paths)),
    );
  }
  const unsaid = there.filter((image) => !found.has(nameOf(image)));
  const tried = new Set<string>();
  // A listing of a commit is needed only for an image that is where no other was.
  for (const image of unsaid) {
    if (!found.has(nameOf(image))) {
      const content = await readContent(history, image.revision);
      for (const [path, { type, hash }] of content) {
        if (type === "tree" && hash === image.tree && !tried.has(path)) {
          tried.add(path);
          await tryPaths([path], unsaid);
        }
      }
    }
  }
  return found;
}

function distinct(all: Paths[]): Paths[] {
  return [...new Map(all.map((paths) => [keyOf(paths), paths])).values()];
}

function keyOf(paths: Paths): string {
  return paths.join("\0");
}

function nameOf({ revision, tree }: { revision: string; tree: string }): string {
  return `${revision} ${tree}`;
}

/** The refs that hold each of the trees, as a directory or at these paths. */
async function refsByTree(
  history: History,
  refs: Ref[],
  wanted: Set<string>,
  wheres: Paths[],
): Promise<Map<string, string[]>> {
  const commits = refs.map(({ commit }) => commit);
  const within = await treesWithin(history, commits, wanted);
  for (const paths of wheres) {
    for (const [commit, tree] of await treesAt(history, commits, paths)) {
      if (tree !== undefined) {
        within.get(commit)?.add(tree);
      }
    }
  }
  const holders = new Map<string, string[]>();
  for (const { name, commit } of refs) {
    for (const tree of within.get(commit) ?? []) {
      holders.set(tree, [...new Set([...(holders.get(tree) ?? []), name])]);
    }
  }
  return holders;
}
