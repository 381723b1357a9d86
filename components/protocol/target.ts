import type { RegistryClient } from "../registry";

/** Where a version is published. */
export interface Target {
  repository: string;
  /** repository:tag */
  spec: string;
  registry: RegistryClient;
}
