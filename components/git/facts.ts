import { stat } from "node:fs/promises";
import * as path from "node:path";
import type { Facts } from "../version";
import { ifThere } from "./files";
import { lastCommits } from "./history";
import { mayLack } from "./ignoreFile";
import { readIndexFacts } from "./indexFlags";
import { isWithin, type Located } from "./locate";
import { readRemote } from "./remote";
import type { Repository } from "./repository";
import { readShallow } from "./shallow";
import { readStatus } from "./status";
import { assertSameContent, readTree, treeOf } from "./trees";

/** What git says of several images of one repository, with as many calls as for one. */
export async function factsOf(repository: Repository, images: Located[]): Promise<Facts[]> {
  const { root } = repository;
  const paths = [...new Set(images.flatMap((image) => image.paths))];
  const [found, entries, status, index, remote, shallow] = await Promise.all([
    lastCommits(
      root,
      images.map((image) => image.paths),
    ),
    readTree(root, [...paths, ...images.map(({ dockerfile }) => dockerfile)]),
    readStatus(root, paths),
    readIndexFacts(root, paths),
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
      const covers = (file: string) => located.paths.some((path) => isWithin(file, path));
      return {
        root,
        ...located,
        dockerfileOnDisk: await isFile(path.join(root, located.dockerfile)),
        dockerfileCommitted: entries.get(located.dockerfile)?.type === "blob",
        commit,
        missing,
        tree: treeOf(located, entries, repository),
        shallow: commit !== undefined && shallow.has(commit.hash),
        uncommitted: status.changes.filter((change) => covers(change.path)),
        hidden: index.hidden.filter(covers),
        leftOut: index.leftOut.filter(covers),
        ignored: status.ignored.filter(covers),
        uninitialized: index.uninitialized.filter(covers),
        remote,
      };
    }),
  );
}

async function isFile(file: string): Promise<boolean> {
  const stats = await ifThere(stat(file));
  return stats?.isFile() ?? false;
}
