import type { Base, Change } from "./facts";

/** The version of an image. Paths are relative to the repository's root. */
export interface Version {
  tag: string;
  debug: boolean;
  /** The full hash of the commit that last touched the paths. */
  commit: string;
  /** Git's hash of the content of the paths. */
  tree: string;
  subject: string;
  author: string;
  committedAt: Date;
  /** What is not committed; always empty in production. */
  uncommitted: Change[];
  /** Committed files below the paths that a sparse checkout leaves out. */
  leftOut: string[];
  /** Files and directories below the paths that git ignores. */
  ignored: string[];
  /** The repository's root, an absolute path. */
  root: string;
  context: string;
  /** What it covers: the files, and what its bases cover. */
  paths: string[];
  /** What the image is built from. */
  files: string[];
  dockerfile: string;
  /** The directories of named contexts, by name. */
  contexts: Record<string, string>;
  /** The images that it is built on, by their names. */
  bases: Record<string, Base>;
  /** The URL of the remote `origin`, without credentials. */
  remote: string | undefined;
  /** The commit at which it is the version, if the program names one; undefined if it is HEAD. */
  revision: string | undefined;
}
