import type { Clock } from "../../components/protocol";
import type { RegistryClient } from "../../components/registry";
import type { Image } from "./images";

/** What all images of a call share. */
export interface Run {
  client: RegistryClient;
  env: NodeJS.ProcessEnv;
  clock: Clock;
  now(): Date;
  /** Says what would be done, and does nothing. */
  dryRun: boolean;
  /** Where versions are copied from that the registry lacks, with `{name}`; undefined if nowhere. */
  copyFrom: string | undefined;
  /** Tags that are moved to each image. */
  alsoTag: string[];
  /** Tags that are written once to each image. */
  releaseTags: string[];
  /** Names this call, so that no other has its scratch tags. */
  nonce: string;
  /** Of so many builds at most. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** Ends builds that are under way, and lets none begin. */
  signal: AbortSignal;
  /**
   * The references of the images that an image is built on, by their names, once these are published; undefined of those that a dry run can't
   * know. Throws what one of them failed with, or BaseMismatch if it is not there.
   */
  basesOf(image: Image): Promise<Record<string, string | undefined>>;
  /** Is told of bytes that were copied. */
  sent(bytes: number): void;
  /** Says what is being done to an image at the moment. */
  progress(image: Image, what: string): void;
  /** Says something of it that stays to be read. */
  say(image: Image, what: string): void;
  warn(image: Image, what: string): void;
}

/** What became of an image, or would in a dry run. */
export interface Published {
  image: Image;
  outcome: "published" | "adopted" | "copied" | "debug";
  /** Of what is served; undefined of what a dry run would build. */
  digest: string | undefined;
  /** Which repository has it for now, where a dry run would copy it. */
  source?: string;
}
