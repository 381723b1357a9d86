import { type ErrorCode, VersionedImageError } from "../errors";

/** Where git gave up: its own words, as an error of ours that says what to do. */
export class GitError extends VersionedImageError {
  /** `directory`: what of the user's it was run for. */
  constructor(
    readonly args: readonly string[],
    readonly exitCode: number,
    readonly words: string,
    directory: string,
  ) {
    const known = KNOWN.find((each) => each.words.test(words));
    super(
      known?.code ?? "GitFailed",
      known?.message(directory, words) ??
        `git ${args[0]} failed in ${directory} (exit status ${exitCode}):\n${words || "no output"}`,
    );
  }
}

const KNOWN: { words: RegExp; code: ErrorCode; message(directory: string, words: string): string }[] = [
  {
    words: /detected dubious ownership/,
    code: "DubiousOwnership",
    message: (directory, words) =>
      `The repository of ${directory} belongs to another user, so git does not trust it. If you do, run: ` +
      `git config --global --add safe.directory ${quoted(/repository at '(.*)'/.exec(words)?.[1] ?? directory)}`,
  },
  {
    // Of a broken one git says "not a git repository: …".
    words: /not a git repository \(or any/,
    code: "NotARepository",
    message: (directory) =>
      `${directory} is not in a git repository, and an image's version is a commit. Run git init and commit the directory.`,
  },
  {
    // Of the first call, which asks for what HEAD holds.
    words: /ambiguous argument 'HEAD\^\{tree\}'/,
    code: "NoCommitYet",
    message: (directory) =>
      `The repository of ${directory} has no commit on its branch yet, and an image's version is a commit. Commit the directory first.`,
  },
  {
    words: /must be run in a work tree/,
    code: "BareRepository",
    message: (directory) =>
      `${directory} is in a bare repository or in git's own directory. Use a clone with a work tree.`,
  },
  {
    // Of a full disk git says no more than this. The index is one that is staged, too; the repository's own is never written.
    words: /unable to (create|write) (new )?(file|index)|unable to create '.*index\.lock'|index\.lock' write error/i,
    code: "StagingFailed",
    message: (directory, words) =>
      `The image's files in ${directory} could not be written to the staging directory:\n${words}\nNothing was built. Check ` +
      "that the disk has space and that .versioned-image is writable, then run again.",
  },
  {
    words: /git-lfs: (command )?not found/,
    code: "LfsNotInstalled",
    message: (directory) =>
      `Files in ${directory} are stored with Git LFS, but git-lfs was not found. Install git-lfs, then run ` +
      "`git lfs install` and `git lfs pull`.",
  },
];

/** For a shell to take as one word. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
