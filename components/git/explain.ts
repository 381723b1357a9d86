import { type ErrorCode, VersionedImageError } from "../errors";
import { GitError } from "./git";

/** Turns git's words into an error of ours that says what to do. */
export function explain(error: unknown, directory: string): unknown {
  if (!(error instanceof GitError)) {
    return error;
  }
  const known = KNOWN.find(({ words }) => words.test(error.words));
  return known
    ? new VersionedImageError(known.code, known.message(directory, error.words), { cause: error })
    : new VersionedImageError(
        "GitFailed",
        `git ${error.args[0]} failed in ${directory} (exit status ${error.exitCode}):\n${error.words || "it said nothing"}`,
        { cause: error },
      );
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
      `${directory} is not in a git repository: the version of an image is a commit. Run git init and commit the directory.`,
  },
  {
    words: /must be run in a work tree/,
    code: "BareRepository",
    message: (directory) =>
      `${directory} is in a repository without files (a bare one, or git's own folder). Use a clone with a work tree.`,
  },
  {
    // Of a full disk git says no more than this. The index is one that is staged, too; the repository's own is never written.
    words: /unable to (create|write) (new )?(file|index)|unable to create '.*index\.lock'|index\.lock' write error/i,
    code: "StagingFailed",
    message: (directory, words) =>
      `The files of the image in ${directory} could not be written to where it is staged:\n${words}\nNothing was built; see ` +
      "that the disk has room and that .versioned-image can be written, then run again.",
  },
  {
    words: /git-lfs: (command )?not found/,
    code: "LfsNotInstalled",
    message: (directory) =>
      `Files in ${directory} are stored with Git LFS, but the program git-lfs was not found. Install git-lfs, then run ` +
      "`git lfs install` and `git lfs pull`.",
  },
];

/** For a shell to take as one word. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
