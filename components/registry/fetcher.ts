import type { Answer } from "./http";

/** Fetches from one repository. */
export interface Fetcher {
  /** The repository's name. */
  name: string;
  manifest(method: "GET" | "HEAD", reference: string): Promise<Answer>;
  /** Path: what follows /v2/NAME/. */
  other(path: string): Promise<Answer>;
}
