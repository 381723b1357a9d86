import { VersionedImageError } from "../errors";
import type { Descriptor } from "./descriptor";
import { protocol } from "./failure";
import type { TransferFetcher } from "./fetcher";
import { redirectTarget } from "./redirect";
import type { Answer } from "./request";
import { TRIES } from "./retry";
import { type Refusal, refusalOf, TAG_REFUSALS } from "./tagManifest";

/** Where an upload begins. */
export const UPLOADS = "blobs/uploads/";

/**
 * Where an upload goes on and ends with the blob of a digest. Registries put what they know of it into the query, which stays as it is.
 * Throws RegistryProtocol where they name no address, or one to which plain HTTP may not be spoken.
 */
export function uploadAddress(begun: Answer, name: string, digest: string, env: NodeJS.ProcessEnv): URL {
  const { headers, origin, status } = begun;
  const location = headers.get("location");
  if (location === undefined) {
    throw protocol(origin, `status ${status} without a Location for a new upload`);
  }
  const address = redirectTarget(new URL(`${origin}/v2/${name}/${UPLOADS}`), location, env);
  address.search += `${address.search === "" ? "?" : "&"}digest=${encodeURIComponent(digest)}`;
  return address;
}

/** What became of a blob that a repository is to have. */
export type PutBlob = "there" | "mounted" | "uploaded" | Refusal;

/** Where a blob is to be had. */
export interface BlobSource {
  /** Another repository of the same registry that has it; undefined if there is none. */
  mountFrom: string | undefined;
  /** All of it, from its beginning each time. What this throws ends the upload, and is thrown. */
  chunks(): AsyncIterable<Buffer>;
}

/** What a registry answers to a mount that it won't make: the blob is uploaded then. */
export const MOUNT_REFUSALS = [...TAG_REFUSALS, 401];

/**
 * What says of no blob that it is there. To ask by GET would bring all of it, and one that is there may be sent even so.
 */
export const NO_HEAD = [400, 404, 405, 500, 501, 502, 504];

/**
 * Has a repository have a blob: nothing is sent where it does already, or where the registry mounts it. An upload that breaks off is begun
 * anew, 3 times in all.
 */
export async function putBlob(
  fetcher: TransferFetcher,
  { digest, size }: Descriptor,
  { mountFrom, chunks }: BlobSource,
): Promise<PutBlob> {
  let broken: { error: unknown } | undefined;
  async function* watched(): AsyncGenerator<Buffer> {
    try {
      yield* chunks();
    } catch (error) {
      broken = { error };
      throw error;
    }
  }

  for (let attempt = 1; ; attempt++) {
    if ((await fetcher.hasBlob(digest)).status === 200) {
      return "there";
    }
    const mounted = attempt === 1 && mountFrom !== undefined ? await fetcher.mountBlob(digest, mountFrom) : undefined;
    if (mounted?.status === 201) {
      return "mounted";
    }
    const begun = mounted?.status === 202 ? mounted : await fetcher.beginUpload();
    if (TAG_REFUSALS.includes(begun.status)) {
      return refusalOf(begun);
    }
    try {
      const ended = await fetcher.sendBlob(begun, digest, { size, chunks: watched });
      return TAG_REFUSALS.includes(ended.status) ? refusalOf(ended) : "uploaded";
    } catch (error) {
      if (broken) {
        throw broken.error;
      }
      const isCut = error instanceof VersionedImageError && error.code === "RegistryUnavailable";
      if (!isCut || attempt === TRIES) {
        throw error;
      }
      await fetcher.pauseBefore(attempt + 1);
    }
  }
}
