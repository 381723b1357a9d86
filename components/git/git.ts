import { simpleGit } from "simple-git";
import { type ErrorCode, VersionedImageError } from "../errors";
import { gitEnvironment, SETTINGS } from "./environment";

/** Where git gave up: its own words. */
export class GitError extends Error {
  constructor(
    readonly args: readonly string[],
    readonly exitCode: number,
    readonly words: string,
  ) {
    super(words);
  }
}

export interface GitOptions {
  /** The directory to run in. */
  cwd: string;
  /** Further environment variables. */
  env?: Record<string, string>;
  /** Further settings, as `git -c`. */
  config?: string[];
  /** What git reads from its standard input. */
  input?: string;
}

/**
 * Runs git and returns what it prints. Throws GitError with git's own words, or GitNotFound. A call that prints nothing
 * takes longer: simple-git then waits a while for more.
 */
export async function git(args: string[], { cwd, env, config = [], input }: GitOptions): Promise<string> {
  const environment = { ...gitEnvironment(), ...env };
  // simple-git makes its own error of whatever is returned to it, so what was seen is kept here.
  let seen: Error | undefined;
  try {
    return await simpleGit({
      baseDir: cwd,
      config: [...SETTINGS, ...config],
      allowEnvironment: Object.keys(environment),
      unsafe: UNSAFE,
      input: () => input,
      errors: (error, { exitCode, stdErr }) => {
        const words = Buffer.concat(stdErr).toString().trim();
        seen = exitCode > 0 ? new GitError(args, exitCode, words) : error instanceof Error ? error : undefined;
        return seen;
      },
    })
      .env(environment)
      .raw(args);
  } catch (error) {
    if (/spawn git ENOENT/.test(String(seen ?? error))) {
      throw new VersionedImageError("GitNotFound", "The program git was not found: install it, or put it on PATH.");
    }
    throw seen ?? error;
  }
}

/**
 * What simple-git refuses unless told otherwise. Settings and variables are ours or the user's own (who may give git any
 * setting through GIT_CONFIG_*), never data; data comes after `--` or `--end-of-options`.
 */
const UNSAFE = Object.fromEntries(
  [
    "Alias",
    "AskPass",
    "CommandBinaries",
    "ConfigEnvCount",
    "ConfigPaths",
    "CredentialHelper",
    "DiffExternal",
    "DiffTextConv",
    "Editor",
    "Exec",
    "Filter",
    "FsMonitor",
    "GitProxy",
    "GpgProgram",
    "HooksPath",
    "Include",
    "MergeDriver",
    "Pack",
    "Pager",
    "ProtocolOverride",
    "SshCommand",
    "Submodule",
    "TemplateDir",
    "UrlRewrite",
  ].map((category) => [`allowUnsafe${category}`, true]),
);

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
