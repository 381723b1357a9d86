import { existsSync } from "node:fs";
import { invalidArgument, VersionedImageError } from "../../components/errors";
import { readFacts } from "../../components/git";
import { parseReference } from "../../components/registry";
import { decideVersion, type Version } from "../../components/version";
import { type ImageFlags, sourceOf, versionOptionsOf } from "../imageOptions";
import { NAME, namedRepository, nameOf } from "../namedRepository";
import type { SignerFlags } from "../verify/signer";

export interface CopyFlags extends ImageFlags, SignerFlags {
  /** Where the versions of directories are. */
  from?: string;
  /** Tags that are written once to each copy. */
  releaseTag?: string[];
  dryRun?: boolean;
  json?: boolean;
}

/** What one argument names. */
export interface Source {
  /** As it was given. */
  given: string;
  /** Where it is to be found. */
  repository: string;
  tag: string | undefined;
  digest: string | undefined;
  /** Whose directory was named; undefined if it was a reference, and its labels alone say what it is. */
  version: Version | undefined;
  /** Where it is to be copied. */
  to: string;
}

/** Reads an argument: a reference has a tag or a digest, and all else is a directory. Throws InvalidArgument, and what git says. */
export async function readSource(given: string, to: string, flags: CopyFlags): Promise<Source> {
  const reference = referenceIn(given, flags);
  const source = reference ?? (await versionIn(given, flags));
  const name = reference ? reference.name.slice(reference.name.lastIndexOf("/") + 1) : nameOf(given);
  const target = namedRepository(to, name);
  if (target === source.repository) {
    throw invalidArgument(`${given} is in ${target} already. Name another target repository.`);
  }
  return { version: undefined, ...source, given, to: target };
}

/** Throws InvalidArgument where images of several repositories would have their versions in one. */
export function refuseMixture(sources: Source[], to: string): void {
  const mixed = sources.find((source) =>
    sources.some((other) => other.to === source.to && other.repository !== source.repository),
  );
  if (mixed) {
    throw invalidArgument(
      `${mixed.to} would hold versions of different images, with no way to tell them apart. ` +
        (to.includes(NAME)
          ? "Copy images whose names end alike by a call each, to repositories of their own."
          : `Use ${NAME} for the last part of each image's name, as in ${to}/${NAME}.`),
    );
  }
}

function referenceIn(given: string, { from }: CopyFlags) {
  if (existsSync(given)) {
    return undefined;
  }
  try {
    const { repository, name, tag, digest } = parseReference(given);
    if (tag !== undefined || digest !== undefined) {
      return { repository, name, tag, digest };
    }
  } catch (error) {
    // A directory may be one of another commit alone.
    if (!(error instanceof VersionedImageError) || (from !== undefined && !/[:@]/.test(given))) {
      return undefined;
    }
    throw invalidArgument(`${given} is not a directory: ${error.message}`);
  }
  throw invalidArgument(`${given} is not a directory, and has neither tag nor digest. Add one, as in ${given}:TAG.`);
}

async function versionIn(context: string, flags: CopyFlags) {
  if (flags.from === undefined) {
    throw invalidArgument(
      `${context} is a directory. Name the repository of its versions, as in --from gcr.io/staging/${NAME}. (A ` +
        "reference has a registry host, and a tag or digest.)",
    );
  }
  const version = decideVersion(await readFacts(await sourceOf(context, flags)), versionOptionsOf(flags));
  return { repository: namedRepository(flags.from, nameOf(context)), tag: version.tag, digest: undefined, version };
}
