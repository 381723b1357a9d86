import type { Answer } from "./http";
import type { ManifestContent } from "./manifest";

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
