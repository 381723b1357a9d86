import type { BuildOptions } from "../args";
import type { VersionedImageError } from "../errors";
import type { Unmeant } from "./said";

/** A target of a bake file, as an image of this package. */
export interface BakedImage {
  /** The target's name. */
  name: string;
  /** Relative to the working directory. */
  context: string;
  /** Relative to the context. */
  dockerfile: string;
  /** The repository of its first tag; undefined if it has none, or one of this machine alone. */
  repository: string | undefined;
  /** The directories of its named contexts, relative to the working directory. */
  directories: Record<string, string>;
  /** The targets that it is built on, by their names in `build.bases`. */
  bases: Record<string, string>;
  /** How it is built; named contexts that are directories are among `contexts`. */
  build: Omit<BuildOptions, "builder" | "builderName" | "bases" | "platform" | "platforms" | "secrets"> & {
    platforms?: string[];
    args?: Record<string, string>;
    contexts?: Record<string, string>;
  };
  /** Its secrets, by their ids: where their values are. */
  secrets: Record<string, SecretPlace>;
}

/** Where a secret's value is: in an environment variable if that is set, else in a file. It has one of them at least. */
export interface SecretPlace {
  variable?: string;
  /** An absolute path. */
  file?: string;
}

/** The images that a bake file describes. */
export interface BakedSet {
  /** What was asked for and what that is built on; each after those that it is built on. */
  images: BakedImage[];
  /** The targets among it that can't be images of this package, with why (BakeUnfit). */
  refused: Record<string, VersionedImageError>;
  /** The names of those that were asked for. */
  asked: string[];
  /** What the file says that is not meant here. */
  unmeant: Unmeant[];
}
