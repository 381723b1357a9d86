import type { Answer, Inflow, Outflow } from "./http";
import type { ManifestContent } from "./manifest";

/** Requests to one repository for content that is too big to be held; refusals are answers like others, but for those of reading. */
export interface TransferFetcher {
  hasBlob(digest: string): Promise<Answer>;
  /** Tried 3 times, each from the byte that `inflow` lacks. */
  readBlob(digest: string, inflow: Inflow): Promise<Answer>;
  /** Has the registry take a blob from another repository of its own, or begins its upload. */
  mountBlob(digest: string, from: string): Promise<Answer>;
  beginUpload(): Promise<Answer>;
  /** Sent once: what an upload that broke off has left can't be told. */
  sendBlob(begun: Answer, digest: string, bytes: Outflow): Promise<Answer>;
  putManifest(reference: string, manifest: ManifestContent): Promise<Answer>;
  /** A page of what refers to a manifest; `query` is that of the next one. */
  referrers(digest: string, query: string): Promise<Answer>;
  /** Waits before the next try of something. */
  pauseBefore(nextTry: number): Promise<void>;
}
