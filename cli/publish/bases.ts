import * as path from "node:path";
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
  published: (context: string) => Promise<Published> | undefined,
  client: RegistryClient,
): Promise<Record<string, string | undefined>> {
  const found = await Promise.all(
    Object.entries(bases).map(async ([name, base]) => {
      const own = published(path.resolve(base.context));
      return [name, own ? await ofOwn(name, base, own) : await ofRegistry(name, base, client)] as const;
    }),
  );
  return Object.fromEntries(found);
}

async function ofOwn(name: string, { context }: Base, own: Promise<Published>): Promise<string | undefined> {
  try {
    const result = await own;
    const { digest, image, source = image.repository } = result;
    return digest === undefined ? undefined : referenceOf({ ...result, image: { ...image, repository: source } });
  } catch (error) {
    if (error instanceof VersionedImageError) {
      throw new VersionedImageError(
        error.code,
        `--base ${name} is ${context}, which was not published, as is said of that. Nothing was built on it.`,
        { cause: error },
      );
    }
    throw error;
  }
}

async function ofRegistry(name: string, { context, repository, tag }: Base, client: RegistryClient): Promise<string> {
  const version = await tag();
  const held = await client.resolve(repository, version);
  if (held === undefined) {
    throw new VersionedImageError(
      "BaseMismatch",
      `--base ${name} is ${context}, and the registry does not have its version ${repository}:${version}: name ${context} among the ` +
        "directories, or publish it first. Nothing was built.",
    );
  }
  return `${repository}:${version}@${held.digest}`;
}
