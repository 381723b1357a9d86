import { VersionedImageError } from "../components/errors";
import { readFacts } from "../components/git";
import { decideVersion, type Version } from "../components/version";
import { type ImageFlags, sourceOf, versionOptionsOf } from "./imageOptions";
import { type Io, printable, printError, printJson, type Status } from "./output";

export interface TagFlags extends ImageFlags {
  /** Whether a single context is named in the output as well, as one of several is. */
  withContext?: boolean;
  json?: boolean;
}

/** One of several contexts, with its version or why it has none. */
interface Answer {
  context: string;
  result: Version | VersionedImageError;
}

/** Prints the tags of images' versions: of one context the tag alone, of several each context with its own. */
export async function tag(contexts: string[], flags: TagFlags, io: Io): Promise<Status> {
  // Asked for in one tick, all are answered by one set of git's calls.
  const answers = await Promise.all(contexts.map((context) => answerOf(context, flags)));
  const [only] = answers;
  if (answers.length === 1 && only && !flags.withContext) {
    return printOne(only.result, flags, io);
  }
  if (flags.json) {
    printJson(io, { images: answers.map(answerJson) });
  } else {
    printLines(answers, io);
  }
  return answers.some(({ result }) => result instanceof VersionedImageError) ? 1 : 0;
}

async function answerOf(context: string, flags: TagFlags): Promise<Answer> {
  try {
    return { context, result: decideVersion(await readFacts(await sourceOf(context, flags)), versionOptionsOf(flags)) };
  } catch (error) {
    if (error instanceof VersionedImageError) {
      return { context, result: error };
    }
    throw error;
  }
}

function printOne(result: Answer["result"], { json }: TagFlags, io: Io): Status {
  if (result instanceof VersionedImageError) {
    throw result;
  }
  if (json) {
    printJson(io, versionJson(result));
  } else {
    io.out(`${result.tag}\n`);
  }
  return 0;
}

/** A tab stands between context and tag, so that scripts can tell them apart: a tag holds none. */
function printLines(answers: Answer[], io: Io): void {
  for (const { context, result } of answers) {
    if (result instanceof VersionedImageError) {
      printError(io, result, context);
    } else {
      io.out(`${printable(context)}\t${result.tag}\n`);
    }
  }
}

function answerJson({ context, result }: Answer) {
  return result instanceof VersionedImageError
    ? { context, error: { code: result.code, message: result.message } }
    : { context, ...versionJson(result) };
}

function versionJson({ tag, debug, commit, tree, uncommitted }: Version) {
  return { tag, debug, commit, tree, uncommitted };
}
