import type { Labelled, Manifest, ManifestContent, Refusal, StrictCalls } from "../registry";
import type { Target } from "./target";

/** What a publication needs of the world. Nothing of it knows Pulumi. */
export interface Ports {
  registry: RegistryPort;
  /**
   * Builds the version's content and pushes it without touching the version's tag: by digest alone, or under a scratch tag, for which it asks.
   * Undefined if the caller leaves the image out.
   */
  build(scratchTag: () => Promise<string>): Promise<Built | undefined>;
  say: Say;
  clock: Clock;
  /** Writes down what came of it. The last call of a publication. */
  record(publication: Publication): Promise<void>;
}

/** One repository of a registry. Whatever is not answered clearly is thrown. */
export interface RegistryPort {
  /** What is under a tag or digest; undefined only if the registry says that there is nothing. */
  look(reference: string): Promise<Manifest | undefined>;
  /** The same with its bytes. */
  read(reference: string): Promise<ManifestContent | undefined>;
  /** Makes the labelled image of a content, in the registry, under its digest alone. */
  label(digest: string, labels: Record<string, string>): Promise<Labelled>;
  /** Looks at a tag and sets it, each by one request that is sent once, and nothing else of this process between the two. */
  inOneTurn<T>(work: (strict: StrictCalls) => Promise<T>): Promise<T>;
  /** Sets a tag, whatever it serves. */
  move(tag: string, content: ManifestContent): Promise<"tagged" | Refusal>;
}

/** What a builder has pushed. */
export interface Built {
  /** The digest that the builder reports; not every registry has it. */
  digest: string | undefined;
  /** Whether the builder has set the labels itself. */
  isLabelled: boolean;
  /** The tag under which it was pushed; undefined if by digest alone. */
  tag: string | undefined;
  /** What the builder's daemon says that it has built: the digest of a configuration or manifest; undefined if it can't be asked. */
  imageId(): Promise<string | undefined>;
}

export interface Say {
  /** What is being done at the moment; it need not stay to be read. */
  progress(what: string): void;
  warn(what: string): void;
}

/** In milliseconds. */
export interface Clock {
  /** Never goes back, and counts the time for which the machine was suspended. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

/** A version whose tag is to be set. */
export interface Tagging {
  /** repository:tag */
  spec: string;
  repository: string;
  tag: string;
  /** What is run to publish it, for messages. */
  command: string;
  /** What to run to have the content pushed anew, for messages. */
  again: string;
  /** Throws if what a tag serves is not proven to be this version. `ours`: what it served before; undefined if the tag was another's first. */
  prove(served: string, ours: string | undefined): Promise<void>;
}

/** A version that is to be published, and what the caller remembers. */
export interface Publishing extends Tagging {
  /** Every label of ours, so that none is inherited from a base. Asked for when the content is there. */
  labels(): Promise<Record<string, string>>;
  /** Where a version that the registry lacks is looked for before it is built; undefined if nowhere. */
  copyFrom: Target | undefined;
  /** Whether a version that is nowhere may be built. */
  mayBuild: boolean;
  /** A tag for content that has none yet, of this caller and image; with a nonce, one that nobody has used. */
  scratchTag(nonce?: string): string;
  /** What the caller used last; undefined if it remembers nothing. */
  last: Last | undefined;
}

/** What a caller remembers of its last publication. */
export interface Last {
  /** repository:tag */
  spec: string;
  digest: string;
  pushed: Pushed | undefined;
}

/** What a builder has pushed under a scratch tag. */
export interface Pushed {
  tag: string;
  /** As the builder reports it. */
  digest: string | undefined;
}

/** A version that need not be built. */
export type Found =
  /** The registry had the version. */
  | { kind: "adopted"; digest: string }
  /** The registry lacks it, and where it may be copied from has it: `record` copies it. */
  | { kind: "elsewhere"; from: Target; digest: string };

/** What came of a publication. */
export type Publication =
  | Found
  /** It was built, and the tag serves that or what another has tagged meanwhile. */
  | { kind: "published"; digest: string; labelled: string; pushed: Pushed | undefined; byAnother: boolean };
