import { VersionedImageError } from "../../components/errors";
import type { RegistryClient } from "../../components/registry";
import { attempt } from "../attempt";
import { type ImageId, type RunningImage, readImageName } from "../cluster";
import { inParallel } from "../inParallel";
import { type Held, readHeld } from "../prune/held";

type Named = Pick<RunningImage, "image" | "imageId">;

/** How the image of a container is of the repositories that are looked at. */
export interface Belonging {
  /** Which of them holds it, where neither its pod nor its runtime names one. */
  at?: { repository: string; digest: string };
  /** Why it can't be told whether one of them does. */
  error?: VersionedImageError;
}

/**
 * How each container's image is of these repositories, or of what is below them; undefined if it is not. It is if it is named so, or
 * if one holds its digest, whatever the name before it: pulled by the name of a mirror, an image is the same.
 */
export async function belongings<T extends Named>(
  containers: T[],
  wanted: string[] | undefined,
  holdings: Holdings,
): Promise<(Belonging | undefined)[]> {
  if (wanted === undefined) {
    return containers.map(() => ({}));
  }
  const named = new Set(containers.flatMap(repositoriesOf).filter((repository) => isBelow(repository, wanted)));
  return inParallel(containers, async (container) => {
    const repositories = repositoriesOf(container);
    if (repositories.some((repository) => named.has(repository))) {
      return {};
    }
    const lasts = repositories.map(lastPart);
    // A repository may hold others below it that no pod names: most mirrors keep the last part of a name.
    const below = wanted.flatMap((repository) => lasts.map((last) => `${repository}/${last}`));
    const places = [...wanted.filter((repository) => repository.includes("/")), ...named, ...below];
    const imageId = container.imageId ?? pinned(container);
    return imageId && findIn([...new Set(places)], imageId, holdings);
  });
}

async function findIn(places: string[], imageId: ImageId, holdings: Holdings): Promise<Belonging | undefined> {
  const failures: VersionedImageError[] = [];
  for (const repository of places) {
    const digest = await attempt(() => holdings.find(repository, imageId));
    if (digest instanceof VersionedImageError) {
      failures.push(digest);
    } else if (digest !== undefined) {
      return { at: { repository, digest } };
    }
  }
  // Many registries refuse to say that there is no such repository: that tells something only where nothing else was told.
  const error =
    failures.find(({ code }) => code !== "RegistryUnauthorized") ??
    (failures.length === places.length ? failures[0] : undefined);
  return error && { error };
}

function pinned({ image }: Named): ImageId | undefined {
  const repository = readImageName(image);
  return repository?.digest === undefined ? undefined : { repository, digest: repository.digest };
}

/** The repositories by which a container's image is known. */
export function repositoriesOf({ image, imageId }: Named): string[] {
  const found = [readImageName(image)?.repository, imageId?.repository?.repository];
  return [...new Set(found.filter((repository) => repository !== undefined))];
}

/** Whether a repository is one of others, or below one. */
export function isBelow(repository: string, others: string[]): boolean {
  return others.some((other) => repository === other || repository.startsWith(`${other}/`));
}

/** The last part of a repository's name, or of a path. */
export function lastPart(name: string): string {
  return name.replace(/^.*\//s, "");
}

/** What repositories hold of what runs; keeps what it has read of them. */
export interface Holdings {
  /**
   * The digest of the manifest that a runtime means in a repository: the one that it names, or where no repository stands before that,
   * the one with this configuration to which a tag leads. Undefined if there is none. Throws what the registry client throws.
   */
  find(repository: string, imageId: ImageId): Promise<string | undefined>;
}

export function createHoldings(client: RegistryClient): Holdings {
  const found = new Map<string, Promise<string | undefined>>();
  const held = new Map<string, Promise<Held>>();

  async function ask(repository: string, { repository: named, digest }: ImageId): Promise<string | undefined> {
    if ((await client.resolve(repository, digest)) !== undefined) {
      return digest;
    }
    if (named !== undefined) {
      return undefined;
    }
    const { manifests } = await kept(held, repository, () => readHeld(client, repository));
    return [...manifests.values()].find(({ config }) => config === digest)?.digest;
  }

  return {
    find: (repository, imageId) =>
      kept(found, `${repository} ${imageId.repository === undefined} ${imageId.digest}`, () =>
        ask(repository, imageId),
      ),
  };
}

/** What a map has under a key, which is made first where it has nothing. */
export function kept<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const found = known.get(key) ?? make();
  known.set(key, found);
  return found;
}
