import { stat } from "node:fs/promises";
import * as path from "node:path";
import { type Facts, isWithin } from "../version";
import { ifThere } from "./files";
import { lastCommits } from "./history";
import { mayLack } from "./ignoreFile";
import { readIndexFacts } from "./indexFlags";
import type { Located } from "./locate";
import { readRemote } from "./remote";
import type { Repository } from "./repository";
import { readShallow } from "./shallow";
import { readStatus } from "./status";
import { assertSameContent, readTree, treeOf } from "./trees";

/** What is on disk has no part in what another commit than HEAD holds. */
const NOT_ASKED = { changes: [], ignored: [], hidden: [], leftOut: [], uninitialized: [] };

/** What git says of several images of one repository, with as many calls as for one. */
export async function factsOf(repository: Repository, images: Located[]): Promise<Facts[]> {
  const { root, head } = repository;
  const isOnDisk = head === "HEAD";
  // What a base covers may lie within what another path covers.
  const paths = [...new Set(images.flatMap((image) => [...image.paths, ...Object.values(image.bases).flat()]))];
  const [found, entries, status, index, remote, shallow] = await Promise.all([
    lastCommits(
      root,
      images.map((image) => image.paths),
      head,
    ),
    readTree(repository, [...paths, ...images.map(({ dockerfile }) => dockerfile)]),
    isOnDisk ? readStatus(root, paths) : NOT_ASKED,
    isOnDisk ? readIndexFacts(root, paths) : NOT_ASKED,
    readRemote(root),
    readShallow(repository.commonDir),
  ]);
  const answered = images.map((located, number) => {
    const missing = located.paths.filter((path) => path !== "" && !entries.has(path) && !mayLack(path, located.paths));
    return { located, missing, commit: missing.length > 0 ? undefined : found[number], headTree: repository.headTree };
  });
  await assertSameContent(root, answered, entries);
  return Promise.all(
    answered.map(async ({ located, missing, commit }) => {
      const isIn = (paths: string[]) => (file: string) => paths.some((path) => isWithin(file, path));
      const [covers, isBuiltFrom] = [isIn(located.paths), isIn(located.files)];
      return {
        root,
        ...located,
        dockerfileOnDisk: await isFile(path.join(root, located.dockerfile)),
        dockerfileCommitted: entries.get(located.dockerfile)?.type === "blob",
        commit,
        missing,
        tree: treeOf(located, entries, repository),
        bases: Object.fromEntries(
          Object.entries(located.bases).map(([name, covers]) => [
            name,
            { covers, tree: treeOf({ paths: covers }, entries, repository) },
          ]),
        ),
        shallow: commit !== undefined && shallow.has(commit.hash),
        uncommitted: status.changes.filter((change) => covers(change.path)),
        hidden: index.hidden.filter(covers),
        leftOut: index.leftOut.filter(isBuiltFrom),
        ignored: status.ignored.filter(isBuiltFrom),
        uninitialized: index.uninitialized.filter(covers),
        remote,
        revision: isOnDisk ? undefined : head,
      };
    }),
  );
}

async function isFile(file: string): Promise<boolean> {
  const stats = await ifThere(stat(file));
  return stats?.isFile() ?? false;
}
