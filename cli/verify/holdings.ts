import type { RegistryClient } from "../../components/registry";
import type { ImageId } from "../cluster";
import type { Held } from "../prune/held";
import { readHeld } from "../prune/readHeld";

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
