/** Where a stack's Deployments go, and what runs there. */
export interface Target {
  /** The settings of the stack. */
  readonly config: Record<string, string>;
  /** The image of each Deployment that is there, by name. */
  deployed(): Promise<Map<string, string>>;
  /** Waits until each Deployment's pods run the digest named, and those alone. Throws SoakFailure if they don't come to it. */
  mustRun(digests: Map<string, string>): Promise<void>;
  dispose(): Promise<void>;
}
