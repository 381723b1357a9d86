import { existsSync } from "node:fs";
import * as path from "node:path";
import type { Facts } from "../version";
import { explain } from "./explain";
import { factsOf } from "./facts";
import { type FoundSource, findSource, type ImageSource, type Located, locate } from "./locate";
import { findRepository, type Repository } from "./repository";
import { atRevision } from "./revision";

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
  ).catch((error) => {
    throw explain(error, repository.root);
  });
  located.forEach(({ image }, index) => {
    image.resolve(facts[index] as Facts);
  });
}
