/** A commit, as far as a version needs it. */
export interface Commit {
  /** The full hash, 40 or 64 hexadecimal digits. */
  hash: string;
  subject: string;
  author: string;
  committedAt: Date;
}

/** A path that git sees as changed, with git's two-letter status code, for instance " M" or "??". */
export interface Change {
  status: string;
  /** Relative to the repository's root. */
  path: string;
}

/** An image of the repository that another one is built on. */
export interface Base {
  /** What its version covers, relative to the repository's root. */
  covers: string[];
  /** Git's hash of the content of that in HEAD; undefined if HEAD lacks one of them. */
  tree: string | undefined;
}

/** What git says of one image. All paths are relative to the repository's root, with "/" and without a trailing one. */
export interface Facts {
  /** The repository's root, an absolute path. */
  root: string;
  /** The image's directory; "" for the root. */
  context: string;
  /** What the version covers: the files, and what its bases cover. */
  paths: string[];
  /** What the image is built from: the context unless it names parts of it, and its named contexts. */
  files: string[];
  dockerfile: string;
  /** The directories of named contexts; they are covered, too. */
  contexts: Record<string, string>;
  /** The images that it is built on, by their names. */
  bases: Record<string, Base>;
  /** Whether the Dockerfile is on disk. */
  dockerfileOnDisk: boolean;
  /** Whether the Dockerfile is in HEAD. */
  dockerfileCommitted: boolean;
  /** The commit that last touched the paths; undefined if none did, or if HEAD does not have them. */
  commit: Commit | undefined;
  /** The paths that HEAD does not have. */
  missing: string[];
  /** Git's hash of the content of the paths in HEAD; undefined if HEAD lacks one of them. */
  tree: string | undefined;
  /** Whether history ends at the commit because the clone is shallow, so that the true one may be older. */
  shallow: boolean;
  /** Changes below the paths that are not committed; a production version has none. */
  uncommitted: Change[];
  /** Files below the paths whose changes git was told not to look at (assume-unchanged, skip-worktree). */
  hidden: string[];
  /** Files below the paths that are committed, but not on disk: a sparse checkout leaves them out. */
  leftOut: string[];
  /** Files and directories below the paths that git ignores. */
  ignored: string[];
  /** Submodules below the paths that are not initialised. */
  uninitialized: string[];
  /** The URL of the remote `origin`, without credentials. */
  remote: string | undefined;
  /** The commit that was looked at in place of HEAD and the disk; undefined if it was HEAD. */
  revision: string | undefined;
}

/** The version of an image: what of the facts it is made of, and what follows from them. */
export interface Version
  extends Pick<
    Facts,
    | "root"
    | "context"
    | "paths"
    | "files"
    | "dockerfile"
    | "contexts"
    | "bases"
    | "uncommitted"
    | "leftOut"
    | "ignored"
    | "remote"
    | "revision"
  > {
  tag: string;
  debug: boolean;
  /** The full hash of the commit that last touched the paths. */
  commit: string;
  /** Git's hash of the content of the paths. */
  tree: string;
  subject: string;
  author: string;
  committedAt: Date;
}
