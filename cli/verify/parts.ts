import { VersionedImageError } from "../../components/errors";
import { contentsOf, fieldsOf, type RegistryClient } from "../../components/registry";

/** What belongs to an image beside its own digest. */
export interface Parts {
  /** The digests of the images of an index, and of the configurations: container runtimes name images by these, too. */
  digests: Set<string>;
  /** What an index holds that is not understood, in words. */
  unread: string[];
}

/** Asks the registry what an image or an index consists of. Throws what the client throws. */
export async function partsOf(client: RegistryClient, repository: string, digest: string): Promise<Parts> {
  const manifest = await read(client, repository, digest);
  if (!Array.isArray(manifest.manifests)) {
    return { digests: configOf(manifest), unread: [] };
  }
  const { images, unread } = contentsOf(manifest);
  const inner = await Promise.all(images.map(async (image) => configOf(await read(client, repository, image.digest))));
  return { digests: new Set([...images.map((image) => image.digest), ...inner.flatMap((each) => [...each])]), unread };
}

function configOf({ config }: Record<string, unknown>): Set<string> {
  const { digest } = fieldsOf(config);
  return new Set(typeof digest === "string" ? [digest] : []);
}

async function read(client: RegistryClient, repository: string, digest: string): Promise<Record<string, unknown>> {
  const found = await client.manifest(repository, digest);
  return found ? manifestFields(`${repository}@${digest}`, found.bytes) : {};
}

/** What a manifest or a configuration says. Its digest vouches for its bytes, and not that they can be read: throws RegistryProtocol. */
export function manifestFields(name: string, bytes: Buffer): Record<string, unknown> {
  try {
    return fieldsOf(JSON.parse(bytes.toString()));
  } catch (error) {
    throw new VersionedImageError("RegistryProtocol", `${name} is not a valid manifest: it is not JSON.`, {
      cause: error,
    });
  }
}
