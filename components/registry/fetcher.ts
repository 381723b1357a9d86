import type { ManifestContent } from "./descriptor";
import type { Answer, Inflow, Outflow } from "./request";

/** Fetches from one repository, and writes to it. */
export interface Fetcher {
  /** The repository's name. */
  name: string;
  manifest(method: "GET" | "HEAD", reference: string): Promise<Answer>;
  /** Path: what follows /v2/NAME/. Limit: of the answer, in bytes; 8 MiB by default. */
  other(path: string, limit?: number): Promise<Answer>;
  /** Begins to upload a blob; a refusal is an answer like others. */
  beginUpload(): Promise<Answer>;
  /** Ends it with all of the blob, where the answer to its beginning says; a refusal is an answer like others. */
  endUpload(begun: Answer, digest: string, bytes: Buffer): Promise<Answer>;
  /** Puts a manifest's bytes under a tag or digest; a refusal is an answer like others. */
  putManifest(reference: string, manifest: ManifestContent): Promise<Answer>;
  /** Deletes what is under a tag or digest; a refusal is an answer like others. */
  deleteManifest(reference: string): Promise<Answer>;
}

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
