import { VersionedImageError } from "../components/errors";
import { type ImageSource, readFacts } from "../components/git";
import { decideVersion, type Version } from "../components/version";
import { attempt } from "./attempt";
import { type BakeFlags, bakedSources } from "./bake";
import { type ImageFlags, sourceOf, versionOptionsOf } from "./imageOptions";
import { type Io, printable, printError, printJson, type Status } from "./output";

export interface TagFlags extends ImageFlags, BakeFlags {
  /** Whether a single context is named in the output as well, as one of several is. */
  withContext?: boolean;
  json?: boolean;
}

/** One of several images. */
interface Asked {
  /** As it was named: its context, or the target of a bake file. */
  name: string;
  /** How it is named in JSON. */
  json: { context?: string; target?: string };
  source(): Promise<ImageSource>;
}

/** One of them, with its version or why it has none. */
interface Answer {
  asked: Asked;
  result: Version | VersionedImageError;
}

/** Prints the tags of images' versions: of one image the tag alone, of several each image with its own. */
export async function tag(names: string[], flags: TagFlags, io: Io): Promise<Status> {
  // Asked for in one tick, all are answered by one set of git's calls.
  const answers = await Promise.all((await imagesOf(names, flags, io)).map((asked) => answerOf(asked, flags)));
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

async function imagesOf(names: string[], flags: TagFlags, io: Io): Promise<Asked[]> {
  if (flags.bake === undefined) {
    return names.map((context) => ({ name: context, json: { context }, source: () => sourceOf(context, flags) }));
  }
  const { sources } = await bakedSources(flags.bake, names, io);
  return sources.map(({ name, image, source }) => ({ name, json: { target: name, context: image?.context }, source }));
}

async function answerOf(asked: Asked, flags: TagFlags): Promise<Answer> {
  const result = await attempt(async () =>
    decideVersion(await readFacts(await asked.source()), versionOptionsOf(flags)),
  );
  return { asked, result };
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

/** A tab stands between name and tag, so that scripts can tell them apart: a tag holds none. */
function printLines(answers: Answer[], io: Io): void {
  for (const { asked, result } of answers) {
    if (result instanceof VersionedImageError) {
      printError(io, result, asked.name);
    } else {
      io.out(`${printable(asked.name)}\t${result.tag}\n`);
    }
  }
}

function answerJson({ asked: { json }, result }: Answer) {
  return result instanceof VersionedImageError
    ? { ...json, error: { code: result.code, message: result.message } }
    : { ...json, ...versionJson(result) };
}

function versionJson({ tag, debug, commit, tree, uncommitted }: Version) {
  return { tag, debug, commit, tree, uncommitted };
}
