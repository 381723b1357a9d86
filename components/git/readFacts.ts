import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import * as path from "node:path";
import { type Facts, isWithin } from "../version";
import { ifThere } from "./files";
import { lastCommits } from "./history";
import { mayLack } from "./ignoreFile";
import { type FoundSource, findSource, type ImageSource, type Located, locate } from "./locate";
import { atRevision } from "./refs";
import { readRemote } from "./remote";
import { findRepository, type Repository, readShallow } from "./repository";
import { readIndexFacts, readStatus } from "./status";
import { assertSameContent, readTree, treeOf } from "./trees";

/** An image whose facts are asked for. */
interface Waiting {
  source: ImageSource;
  resolve(facts: Facts): void;
  reject(error: unknown): void;
}

/** One whose directories are there. */
interface Found {
  image: Waiting;
  found: FoundSource;
}

let waiting: Waiting[] = [];

/**
 * What git says of an image. All that is asked for in one tick is answered together, with as many calls of git as one image
 * needs: a program makes its images first and waits for them later. Throws ContextNotFound, RevisionNotFound, NotARepository, BareRepository,
 * NoCommitYet, DubiousOwnership, OutsideRepository, DockerfileNotCovered, InvalidArgument, GitNotFound, or GitFailed with
 * git's own words.
 */
export function readFacts(source: ImageSource): Promise<Facts> {
  return new Promise((resolve, reject) => {
    if (waiting.length === 0) {
      setImmediate(answerAll);
    }
    waiting.push({ source, resolve, reject });
  });
}

async function answerAll(): Promise<void> {
  const asked = waiting;
  waiting = [];
  const byRepository = new Map<string, Found[]>();
  await Promise.all(
    asked.map(async (image) => {
      try {
        const found = await findSource(image.source);
        const key = nearestRepository(found.context);
        byRepository.set(key, [...(byRepository.get(key) ?? []), { image, found }]);
      } catch (error) {
        image.reject(error);
      }
    }),
  );
  await Promise.all([...byRepository.values()].map(answer));
}

/** Where git would find a repository from here; the directory itself where there is none to be seen. */
function nearestRepository(directory: string): string {
  for (let above = directory; ; above = path.dirname(above)) {
    if (existsSync(path.join(above, ".git"))) {
      return above;
    }
    if (above === path.dirname(above)) {
      return directory;
    }
  }
}

/** Answers images of one repository: those of each revision together. */
async function answer(asked: Found[]): Promise<void> {
  const revisions = [...new Set(asked.map(({ image }) => image.source.revision))];
  await settling(asked, async () => {
    const repository = await findRepository(asked[0]?.found.context ?? "");
    await Promise.all(
      revisions.map((revision) => {
        const images = asked.filter(({ image }) => image.source.revision === revision);
        return settling(images, async () =>
          answerAt(revision === undefined ? repository : await atRevision(repository, revision), images),
        );
      }),
    );
  });
}

/** What ends work on images ends it for each of them. */
async function settling(asked: Found[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    for (const { image } of asked) {
      image.reject(error);
    }
  }
}

async function answerAt(repository: Repository, asked: Found[]): Promise<void> {
  const located: { image: Waiting; at: Located }[] = [];
  await Promise.all(
    asked.map(async ({ image, found }) => {
      try {
        located.push({ image, at: await locate(image.source, found, repository) });
      } catch (error) {
        image.reject(error);
      }
    }),
  );
  if (located.length === 0) {
    return;
  }
  const facts = await factsOf(
    repository,
    located.map(({ at }) => at),
  );
  located.forEach(({ image }, index) => {
    image.resolve(facts[index] as Facts);
  });
}

/** What is on disk has no part in what another commit than HEAD holds. */
const NOT_ASKED = { changes: [], ignored: [], hidden: [], leftOut: [], uninitialized: [] };

/** What git says of several images of one repository, with as many calls as for one. */
async function factsOf(repository: Repository, images: Located[]): Promise<Facts[]> {
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
    readShallow(repository),
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
