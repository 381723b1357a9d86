import { streamBlob } from "./blob";
import { type Descriptor, digestOf, type ManifestContent } from "./descriptor";
import type { TransferFetcher } from "./fetcher";
import { statedDigest } from "./media";
import { listReferrers, type Referrer } from "./referrers";
import { type Refusal, refusalOf, TAG_REFUSALS } from "./tagManifest";
import { type BlobSource, type PutBlob, putBlob } from "./upload";

/** What one repository gives to another, and takes from it: content of any size, which is not held in memory. */
export interface Transfers {
  /**
   * Reads a blob as it comes. After a cut it goes on where it broke off, as long as each try brings something; the last byte is given on only
   * when all of it has the digest. "absent": the registry does not have it. Throws RegistryProtocol where it is another content.
   */
  stream(blob: Descriptor, write: (chunk: Buffer) => Promise<void>): Promise<"streamed" | "absent">;
  /** Has the repository have a blob, which is mounted or sent where it is not there. */
  putBlob(blob: Descriptor, source: BlobSource): Promise<PutBlob>;
  /** Puts a manifest under its own digest. */
  putManifest(manifest: ManifestContent): Promise<PutManifest>;
  /** What refers to a manifest; undefined if the registry has no API that tells it. */
  referrers(digest: string): Promise<Referrer[] | undefined>;
}

/** `listed`: the registry itself lists it for the manifest that it refers to. */
export type PutManifest = { listed: boolean } | Refusal;

export function transfersOf(fetcher: TransferFetcher): Transfers {
  return {
    stream: (blob, write) => streamBlob(fetcher, blob, write),
    putBlob: (blob, source) => putBlob(fetcher, blob, source),
    referrers: (digest) => listReferrers(fetcher, digest),
    putManifest: async (manifest) => {
      const answer = await fetcher.putManifest(manifest.digest, manifest);
      if (TAG_REFUSALS.includes(answer.status)) {
        return refusalOf(answer);
      }
      statedDigest(answer, (stated) => digestOf(manifest.bytes, stated));
      return { listed: answer.headers.has("oci-subject") };
    },
  };
}
