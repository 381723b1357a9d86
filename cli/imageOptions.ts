import { type Command, InvalidArgumentError, Option } from "commander";
import type { ImageSource } from "../components/git";
import { type History, locatePath, openHistory } from "../components/git/lookup";
import { namedContexts, TagPolicy, type VersionOptions } from "../components/version";

/** The options that say what an image is made of; they have the names and the defaults of VersionedImage's arguments. */
export interface SourceFlags {
  dockerfile?: string;
  path?: string[];
  /** Named contexts, by name. */
  buildContext?: Record<string, string>;
  /** What the images that it is built on cover, relative to the working directory, by their names. */
  base?: Record<string, string[]>;
}

/** The options that say how versions are named. */
export interface TagFlags {
  tagPolicy: TagPolicy;
  tagLength: number;
  tagPrefix?: string;
}

/** All of those, and what else says which version is wanted. */
export interface ImageFlags extends SourceFlags, TagFlags {
  debug?: boolean;
  revision?: string;
}

export function addSourceOptions(command: Command): Command {
  return command
    .option("--dockerfile <file>", "the Dockerfile, relative to the context, also outside of it (default: Dockerfile)")
    .option(
      "--path <path>",
      "a path that the image is built from, relative to the context; repeatable (default: the whole context)",
      collect,
    )
    .option(
      "--build-context <name=place>",
      "a named context: a directory, relative to the current one, or docker-image://REFERENCE@DIGEST; repeatable",
      collectPairs,
    )
    .option(
      "--base <name=path>",
      "a base image: its build context, and any other path that it covers, relative to the current directory; repeatable",
      collectLists,
    );
}

export function addImageOptions(command: Command): Command {
  return addVersionOptions(command).option("--debug", "use the directory as it is on disk, with uncommitted changes");
}

/** The same for what is of no use with a debug image. */
export function addVersionOptions(command: Command): Command {
  return addTagOptions(addSourceOptions(command)).option(
    "--revision <revision>",
    "use the version at this commit, tag or branch (default: HEAD, without uncommitted changes)",
  );
}

export function addTagOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--tag-policy <policy>", "name versions after the commit or the tree")
        .default(TagPolicy.Commit, "commit")
        .argParser(tagPolicy),
    )
    .addOption(
      new Option("--tag-length <digits>", "the number of hash digits in the tag, 7 to 40")
        .default(7)
        .argParser(tagLength),
    )
    .option("--tag-prefix <prefix>", "a prefix for the hash in the tag (default: none)");
}

/** Throws ContextNotFound, OutsideRepository and the like for directories of bases that can't be. */
export async function sourceOf(context: string, flags: SourceFlags & { revision?: string }): Promise<ImageSource> {
  const { dockerfile, path, buildContext, base = {}, revision } = flags;
  const bases =
    Object.keys(base).length === 0 ? {} : await coversOf(await openHistory(context, revision), base, revision);
  return { context, paths: path, dockerfile, contexts: namedContexts(buildContext).directories, bases, revision };
}

/** What each base covers, relative to the repository's root. */
async function coversOf(
  history: History,
  bases: Record<string, string[]>,
  revision: string | undefined,
): Promise<Record<string, string[]>> {
  const covers = Object.entries(bases).map(async ([name, places]) => {
    return [name, await Promise.all(places.map((place) => locatePath(history, place, "--base", revision)))] as const;
  });
  return Object.fromEntries(await Promise.all(covers));
}

/** Whether options say what an image is made of. */
export function saysFiles({ dockerfile, path, buildContext, base }: SourceFlags): boolean {
  const directories = namedContexts(buildContext).directories;
  return [dockerfile, path, base].some((said) => said !== undefined) || Object.keys(directories).length > 0;
}

export function versionOptionsOf({
  debug = false,
  tagPolicy,
  tagLength,
  tagPrefix,
}: TagFlags & { debug?: boolean }): VersionOptions {
  return { debug, tagPolicy, tagLength, tagPrefix };
}

/** Gathers the values of an option that can be given several times. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** Gathers NAME=VALUE. */
export function collectPairs(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [name, value] = pairIn(text);
  return { ...before, [name]: value };
}

/** Gathers NAME=VALUE, of which a name may have several. */
export function collectLists(text: string, before: Record<string, string[]> = {}): Record<string, string[]> {
  const [name, value] = pairIn(text);
  return { ...before, [name]: [...(before[name] ?? []), value] };
}

function pairIn(text: string): [name: string, value: string] {
  const [, name, value = ""] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) {
    throw new InvalidArgumentError("Use NAME=VALUE.");
  }
  return [name, value];
}

const UNITS: Record<string, number> = { h: 60 * 60 * 1000, d: 24 * 60 * 60 * 1000, w: 7 * 24 * 60 * 60 * 1000 };

/** Reads a number of hours, days or weeks, such as 12h, 30d or 4w, as milliseconds. */
export function readDuration(text: string): number {
  const [, number, unit = ""] = /^(\d{1,5})([hdw])$/.exec(text) ?? [];
  if (number === undefined) {
    throw new InvalidArgumentError("Use hours, days or weeks, such as 12h, 30d or 4w.");
  }
  return Number(number) * (UNITS[unit] ?? 0);
}

/** Reads a whole number from 0 on. */
export function readNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) {
    throw new InvalidArgumentError("Use a whole number.");
  }
  return Number(text);
}

/** Reads a whole number from 1 on. */
export function readCount(text: string): number {
  const count = readNumber(text);
  if (count === 0) {
    throw new InvalidArgumentError("Use a whole number of at least 1.");
  }
  return count;
}

function tagPolicy(value: string): TagPolicy {
  const policy = Object.values(TagPolicy).find((known) => known.toLowerCase() === value.toLowerCase());
  if (policy === undefined) {
    throw new InvalidArgumentError("Use commit or tree.");
  }
  return policy;
}

function tagLength(value: string): number {
  const digits = /^\d+$/.test(value) ? Number(value) : 0;
  if (digits < 7 || digits > 40) {
    throw new InvalidArgumentError("Use a whole number from 7 to 40.");
  }
  return digits;
}
