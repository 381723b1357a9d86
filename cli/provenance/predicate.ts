import { fieldsOf } from "../../components/registry";

/** The predicate type of SLSA's provenance, version 1. */
export const PREDICATE_TYPE = "https://slsa.dev/provenance/v1";

/** What kind of build the provenance is of; docs/cli.md says what its parameters mean. */
export const BUILD_TYPE = "https://versioned-image.dev/build/v1";

/** Where an image is from. Paths are relative to the repository's root. */
export interface Claim {
  /** The URL of the git repository; undefined if the image does not say. */
  source: string | undefined;
  commit: string;
  /** Git's hash of the content of the paths. */
  tree: string;
  context: string;
  paths: string[];
  /** Undefined if it is not known. */
  dockerfile: string | undefined;
  /** The label that says how it was built; undefined if the image does not say. */
  build: string | undefined;
}

/** An image that another one was built from. */
export interface BaseImage {
  /** A package URL, as pkg:docker/debian@12. */
  uri: string;
  /** 64 hexadecimal digits; undefined if it is not known. */
  sha256: string | undefined;
}

/**
 * What the claim rests on: `labels` that were compared with git, which whoever pushes can write; a `rebuild` of the commit that gave the same
 * image; or the word of its `publisher`, who signs what its own stack has built.
 */
export type Ground = "labels" | "rebuild" | "publisher";

export interface PredicateOptions {
  ground: Ground;
  /** A URI that names who built it. */
  builderId: string;
  /** The version of this package. */
  version: string;
  /** As BuildKit says; undefined where it says nothing. */
  baseImages: BaseImage[] | undefined;
}

/** A claim as SLSA's provenance says it. */
export function predicateOf(claim: Claim, { ground, builderId, version, baseImages }: PredicateOptions) {
  const { source, commit, tree, context, paths, dockerfile, build } = claim;
  return {
    buildDefinition: {
      buildType: BUILD_TYPE,
      externalParameters: {
        ...(source !== undefined && { source }),
        commit,
        context,
        paths,
        ...(dockerfile !== undefined && { dockerfile }),
        ...(build !== undefined && { build }),
      },
      internalParameters: { ground, baseImages: baseImages ? "BuildKit" : "unknown" },
      resolvedDependencies: [
        {
          name: "source",
          ...(source !== undefined && { uri: `git+${source}` }),
          digest: { gitCommit: commit, gitTree: tree },
        },
        ...(baseImages ?? []).map(({ uri, sha256 }) => ({ uri, ...(sha256 !== undefined && { digest: { sha256 } }) })),
      ],
    },
    runDetails: { builder: { id: builderId, version: { "versioned-image": version } } },
  };
}

/** The build type of a provenance; undefined if it has none. */
export function buildTypeOf(predicate: unknown): string | undefined {
  const { buildType } = fieldsOf(fieldsOf(predicate).buildDefinition);
  return text(buildType);
}

/** The claim of a provenance of this kind; undefined if it is not one that `provenance` prints. */
export function claimIn(predicate: unknown): Claim | undefined {
  const { externalParameters, resolvedDependencies } = fieldsOf(fieldsOf(predicate).buildDefinition);
  const { source, commit, context, paths, dockerfile, build } = fieldsOf(externalParameters);
  const dependencies = Array.isArray(resolvedDependencies) ? resolvedDependencies.map(fieldsOf) : [];
  const { gitCommit, gitTree } = fieldsOf(dependencies.find(({ name }) => name === "source")?.digest);
  const isComplete =
    buildTypeOf(predicate) === BUILD_TYPE &&
    typeof commit === "string" &&
    typeof gitTree === "string" &&
    typeof context === "string" &&
    Array.isArray(paths) &&
    paths.length > 0 &&
    paths.every((path) => typeof path === "string") &&
    [source, dockerfile, build].every((value) => value === undefined || typeof value === "string");
  // One that names two commits says nothing.
  if (!isComplete || gitCommit !== commit) {
    return undefined;
  }
  return {
    source: text(source),
    commit,
    tree: gitTree,
    context,
    paths,
    dockerfile: text(dockerfile),
    build: text(build),
  };
}

/** What a provenance of this kind says that its claim rests on. Those of releases before do not say, and rested on labels. */
export function groundIn(predicate: unknown): Ground {
  const { ground } = fieldsOf(fieldsOf(fieldsOf(predicate).buildDefinition).internalParameters);
  return ground === "rebuild" || ground === "publisher" ? ground : "labels";
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
