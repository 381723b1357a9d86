import type * as pulumi from "@pulumi/pulumi";
import type { BaseImage, BuildOptions } from "../args";
import { invalidArgument, type VersionedImageError } from "../errors";
import { knownValue } from "../pulumi";
import { contextNameOf, isBaseName, isDebugTag } from "../version";

/** What each base covers, relative to the repository's root, by their names. */
export type BaseCovers = Record<string, string[]>;

/** An image that another one is built on, as the builders need it. */
export interface BuildBase {
  /** repository:tag@digest */
  reference: pulumi.Input<string>;
  /** repository:tag, which a preview may know earlier. */
  spec: pulumi.Input<string>;
  /** Git's hash of what it covers, which each preview knows; undefined where the program does not say it. */
  tree: pulumi.Input<string> | undefined;
}

/** Those outputs of a base. In a program that makes it, it is a VersionedImage. */
export function buildBase(base: BaseImage & Partial<Pick<BuildBase, "spec" | "tree">>): BuildBase {
  return { reference: base.reference, spec: base.spec ?? base.reference, tree: base.tree };
}

/** Throws InvalidArgument for names of bases that can't be, or that something else has already. */
export function refuseUnfitBases({ bases = {}, args = {}, contexts = {} }: BuildOptions): void {
  const taken = new Map<string, string>();
  for (const name of Object.keys(bases)) {
    const context = contextNameOf(name);
    const other = taken.get(context);
    const why = !isBaseName(name)
      ? "use the name of the build argument for its reference: letters and digits, with _ between them, such as BASE"
      : Object.hasOwn(args, name)
        ? `build.args also has ${name}: remove it there`
        : Object.hasOwn(contexts, context)
          ? `build.contexts has ${context}, which is the base's named context: rename one of them`
          : other !== undefined
            ? `with BuildKit both ${other} and ${name} would be the named context ${context}: rename one of them`
            : undefined;
    if (why !== undefined) {
      throw invalid(name, why);
    }
    taken.set(context, name);
  }
}

/**
 * What an image's bases cover, which is a part of its own version. Throws InvalidArgument where a preview can't know that, and for a debug
 * image as the base of a production image.
 */
export async function basesOf(options: BuildOptions | undefined, debug: boolean): Promise<BaseCovers> {
  const named = Object.entries(options?.bases ?? {});
  const found = await Promise.all(
    named.map(async ([name, base]) => [name, await coversOf(name, base, debug)] as const),
  );
  return Object.fromEntries(found);
}

async function coversOf(name: string, base: BaseImage, debug: boolean): Promise<string[]> {
  const [covers, tag] = [
    await knownInPreview(`${name}.covers`, base.covers as pulumi.Input<string[]>),
    await knownInPreview(`${name}.tag`, base.tag),
  ];
  if (!Array.isArray(covers) || covers.length === 0 || !covers.every((entry) => typeof entry === "string")) {
    throw invalid(`${name}.covers`, "pass the `covers` output of a VersionedImage in this repository");
  }
  if (!debug && isDebugTag(tag)) {
    throw invalid(
      name,
      `it is the debug image ${tag}, but a production image needs a committed base: set debug (--debug) for both, or for neither`,
    );
  }
  return covers;
}

/** What decides the version can't be left to the update. */
async function knownInPreview<T>(what: string, input: pulumi.Input<T>): Promise<T> {
  const value = await knownValue(input);
  if (value === undefined) {
    throw invalid(
      what,
      "the version depends on it, but this preview does not know it: pass the output of a VersionedImage, or a known value",
    );
  }
  return value as T;
}

function invalid(what: string, why: string): VersionedImageError {
  return invalidArgument(`build.bases.${what}: ${why}.`);
}
