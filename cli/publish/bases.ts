import { VersionedImageError } from "../../components/errors";
import type { RegistryClient } from "../../components/registry";
import type { Base, Image } from "./images";
import { referenceOf } from "./results";
import type { Published } from "./run";

/**
 * The references of the images that an image is built on, by their names: of those that the same call publishes, once it has; of others, as the
 * registry has their versions. Undefined of those that a dry run can't know. Throws what one of them failed with, or BaseMismatch if the
 * registry does not have it.
 */
export async function findBases(
  { bases }: Image,
  published: (id: string) => Promise<Published>,
  client: RegistryClient,
): Promise<Record<string, string | undefined>> {
  const found = await Promise.all(
    Object.entries(bases).map(async ([name, base]) => {
      const { from } = base;
      return [
        name,
        "id" in from ? await ofOwn(base, published(from.id)) : await ofRegistry(base, from, client),
      ] as const;
    }),
  );
  return Object.fromEntries(found);
}

async function ofOwn({ option, label }: Base, own: Promise<Published>): Promise<string | undefined> {
  try {
    const result = await own;
    const { digest, image, source = image.repository } = result;
    return digest === undefined ? undefined : referenceOf({ ...result, image: { ...image, repository: source } });
  } catch (error) {
    if (error instanceof VersionedImageError) {
      throw new VersionedImageError(
        error.code,
        `${option} is ${label}, which failed (see its own error). Nothing was built on it.`,
        { cause: error },
      );
    }
    throw error;
  }
}

async function ofRegistry(
  { option, label }: Base,
  { repository, tag }: { repository: string; tag(): Promise<string> },
  client: RegistryClient,
): Promise<string> {
  const version = await tag();
  const held = await client.resolve(repository, version);
  if (held === undefined) {
    throw new VersionedImageError(
      "BaseMismatch",
      `${option} is ${label}, but the registry does not have its version ${repository}:${version}. Add ${label} ` +
        "to the directories, or publish it first. Nothing was built.",
    );
  }
  return `${repository}:${version}@${held.digest}`;
}
