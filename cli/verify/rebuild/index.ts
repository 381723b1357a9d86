import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { invalidArgument, VersionedImageError } from "../../../components/errors";
import { dockerfileFromRoot, type History, type Located, locateImage } from "../../../components/git/lookup";
import { createRegistryClient } from "../../../components/registry";
import {
  BUILD_LABEL,
  buildLabel,
  buildPart,
  imageAnnotations,
  isWithin,
  labelIn,
  namedContexts,
  OWN_LABELS,
  outermost,
  REPRODUCIBLE_TIME,
  TREE_LABEL,
} from "../../../components/version";
import type { SourceFlags } from "../../imageOptions";
import { type BaseEvidence, baseReferences } from "../bases";
import type { Origin } from "../origin";
import { type Buildx, buildAgain, type Recipe } from "./buildAgain";
import {
  type Blobs,
  type BuiltImage,
  changedFiles,
  type Difference,
  filesOf,
  firstDifference,
  imagesIn,
} from "./compare";

/** What came of building an image's commit again, in words. */
export interface Rebuilt {
  same: boolean;
  found: string;
}

export interface RebuildFlags extends SourceFlags, Buildx {
  /** Whether to build the commit again. */
  rebuild?: boolean;
  context?: string;
  buildArg?: Record<string, string>;
}

/** An image that is to be compared with what its commit gives. */
export interface Published {
  repository: string;
  digest: string;
  labels: Record<string, string>;
  origin: Origin;
  /** What it says that it is built on. */
  based: BaseEvidence;
}

/**
 * Builds an image again from the commit that it says it is of, and compares. Throws InvalidArgument where the build needs to be told more,
 * RebuildFailed where it fails.
 */
export async function rebuild(
  history: History,
  published: Published,
  flags: RebuildFlags,
  env: NodeJS.ProcessEnv,
): Promise<Rebuilt> {
  const { repository, digest } = published;
  const recipe = await recipeOf(history, published, flags);
  if (typeof recipe === "string") {
    return { same: false, found: recipe };
  }
  const blobs = blobsOf(repository, env);
  const images = await imagesIn(blobs, digest);
  if (images.some(hasTimeOfBuild)) {
    return { same: false, found: TIME_OF_BUILD };
  }
  const folder = await mkdtemp(path.join(tmpdir(), "versioned-image-"));
  try {
    const annotations = images.some(({ isAnnotated }) => isAnnotated) ? imageAnnotations(recipe.labels) : {};
    const again = await buildAgain({ ...recipe, annotations }, flags, folder, env);
    const difference = firstDifference(images, await imagesIn(again.blobs, again.digest));
    if (!difference) {
      const same = again.digest === digest ? "the same digest" : "the same files, packed differently";
      const bases = Object.values(recipe.bases);
      const on = bases.length > 0 ? ` on ${bases.join(" and ")} as it is` : "";
      return { same: true, found: `a rebuild of commit ${recipe.commit}${on} gives ${same}` };
    }
    return { same: false, found: await describe(difference, blobs, again.blobs) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const TIME_OF_BUILD =
  "its builder wrote the build time into it, as Docker's does, so every build differs. Publish with " +
  "build.builder BuildKit for identical builds";

/** How the image was built; in words, why that can't be told. */
async function recipeOf(
  history: History,
  published: Published,
  flags: RebuildFlags,
): Promise<Omit<Recipe, "annotations"> | string> {
  const { labels, origin } = published;
  const [build, { commit, candidates }] = [labelIn(labels, BUILD_LABEL), origin];
  const dockerfile = buildPart(build, "dockerfile");
  if (build === undefined || dockerfile === undefined) {
    return `the image has no label ${BUILD_LABEL}, so it is unknown how it was built`;
  }
  const candidate = candidates.find(({ tree }) => tree === labelIn(labels, TREE_LABEL));
  if (!commit || !candidate) {
    return origin.named
      ? "its labels do not match the commit's files, so there is nothing to rebuild"
      : "its directory was not found by its content: name it with --context, and its other parts with --path and --build-context";
  }
  if (origin.wrong !== undefined) {
    return `its labels name what it was made of, but ${origin.wrong}`;
  }
  const source = await sourceIn(history, origin, flags);
  const { contexts = {}, covers = {} } = source ?? {};
  const { images } = namedContexts(flags.buildContext);
  const args = flags.buildArg ?? {};
  const platforms = buildPart(build, "platform") ?? "";
  const target = buildPart(build, "target");
  const told = buildLabel({
    platforms: platforms.split(","),
    dockerfile,
    target,
    args,
    contexts: { ...contexts, ...images },
    bases: covers,
  });
  if (told !== build) {
    throw invalidArgument(
      `The image was built with ${build}, but the options give ${told}. Pass the same arguments with --build-arg ` +
        "NAME=VALUE, and the same contexts with --build-context NAME=DIRECTORY (with --context, the same bases " +
        "with --base NAME=CONTEXT).",
    );
  }
  const bases = baseReferences(published.based);
  if (typeof bases === "string") {
    return `its base image is unknown: ${bases}`;
  }
  const context = source?.context ?? candidate.paths[0] ?? "";
  const files = source?.files ?? candidate.paths;
  const beyond = Object.values(contexts).find((directory) => !files.some((file) => isWithin(directory, file)));
  if (beyond !== undefined) {
    return `its labels say that it was not made of ${beyond}, which --build-context names`;
  }
  // The label is data of whoever pushed the image.
  const file = dockerfileFromRoot(dockerfile, path.join(history.root, context), history.root);
  if (!candidate.paths.some((covered) => isWithin(file, covered))) {
    return `its label says that it was built with ${file}, which is not among its paths (${candidate.paths.join(", ")})`;
  }
  const strange = Object.entries({ platform: platforms, target, ...own(labels) }).find(([, value]) =>
    value?.includes("\0"),
  );
  if (strange) {
    return `its label has an invalid ${strange[0]}`;
  }
  return {
    ...{ root: history.root, commit: commit.hash, committedAt: commit.committedAt, files, context },
    ...{ contexts, images, bases, dockerfile, platforms, target, args, labels: own(labels) },
  };
}

interface Source extends Pick<Located, "context" | "files" | "contexts"> {
  /** What each of its bases covers, by their names. */
  covers: Record<string, string[]>;
}

/** What options say that the image was made of, else its labels; undefined where neither says it. */
async function sourceIn(
  history: History,
  { located, labelled }: Origin,
  flags: RebuildFlags,
): Promise<Source | undefined> {
  if (located || typeof labelled !== "object") {
    return located && { ...located, covers: located.bases };
  }
  // Labels do not say the names of named contexts.
  const { directories } = namedContexts(flags.buildContext);
  const { contexts } = await locateImage(history, { context: history.root, contexts: directories });
  const covers = Object.entries(labelled.bases).map(([name, base]) => [name, outermost(base.covers)]);
  return { ...labelled, contexts, covers: Object.fromEntries(covers) };
}

/** As they are written, the empty ones too. */
function own(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(OWN_LABELS.flatMap((name) => (labels[name] === undefined ? [] : [[name, labels[name]]])));
}

function hasTimeOfBuild({ config, configDigest }: BuiltImage): boolean {
  return configDigest !== "" && new Date(String(config.created)).getTime() !== REPRODUCIBLE_TIME.getTime();
}

/** Layers may be large, and a registry far away. */
const LAYER_LIMIT = 2 * 1024 * 1024 * 1024;
const TIMEOUT = 10 * 60 * 1000;

function blobsOf(repository: string, env: NodeJS.ProcessEnv): Blobs {
  const client = createRegistryClient({ env, timeoutMs: TIMEOUT });
  const there = (found: Buffer | undefined, digest: string) => {
    if (!found) {
      throw new VersionedImageError("ImageNotFound", `The registry has no ${digest} in ${repository} (any more).`);
    }
    return found;
  };
  return {
    manifest: async (digest) => there((await client.manifest(repository, digest))?.bytes, digest),
    blob: async (digest) => there(await client.blob(repository, digest, LAYER_LIMIT), digest),
  };
}

async function describe(difference: Difference, published: Blobs, rebuilt: Blobs): Promise<string> {
  const begin = "a rebuild gives a different image";
  if (difference.kind === "platforms") {
    return `${begin}: for ${difference.rebuilt.join(", ")}, but the published one is for ${difference.published.join(", ")}`;
  }
  if (difference.kind === "config") {
    return `${begin}: for ${difference.platform} all layers are the same, but these fields of the configuration differ: ${difference.fields.join(", ")}`;
  }
  const { platform, number, instruction } = difference;
  const [before, after] = await Promise.all([
    filesIn(published, difference.published),
    filesIn(rebuilt, difference.rebuilt),
  ]);
  const files = changedFiles(before, after);
  const shown =
    files.slice(0, LISTED).join(", ") + (files.length > LISTED ? `, and ${files.length - LISTED} more` : "");
  return `${begin}: for ${platform} the layers differ from layer ${number} on, made by ${instruction}, in ${shown || "their order"}`;
}

/** The longest list of files that is shown. */
const LISTED = 10;

async function filesIn(blobs: Blobs, layer: string) {
  return layer === "" ? new Map<string, string>() : filesOf(await blobs.blob(layer));
}
