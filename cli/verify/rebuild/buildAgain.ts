import { readFile } from "node:fs/promises";
import * as path from "node:path";
import { makeLayout, nameContext, normalize, refuseUnbuildable, stagedBeside } from "../../../components/context";
import { layoutExport } from "../../../components/docker";
import { VersionedImageError } from "../../../components/errors";
import { exportCommit } from "../../../components/git";
import { contextNameOf, sourceDateEpoch } from "../../../components/version";
import { buildSettings, runDocker } from "../../docker";
import type { Blobs } from "./compare";

/** A commit's image, and how it was built. */
export interface Recipe {
  /** The repository's root. */
  root: string;
  commit: string;
  committedAt: Date;
  /** What the image is built from, from the root. */
  files: string[];
  context: string;
  /** The directories of named contexts, from the root. */
  contexts: Record<string, string>;
  /** Named contexts that are images. */
  images: Record<string, string>;
  /** The references of the images that it is built on, by their names. */
  bases: Record<string, string>;
  /** Relative to the context. */
  dockerfile: string;
  platforms: string;
  target: string | undefined;
  args: Record<string, string>;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** How it is built now. */
export interface Buildx {
  /** `docker buildx build --builder`. Default: buildx's current one. */
  builder?: string;
  /** `--secret` and `--ssh`, as they are. */
  secret?: string[];
  ssh?: string[];
}

/**
 * Builds a commit's image from its own files in a folder and without any cache, and pushes nothing. Returns the digest, and what it is of.
 * Throws RebuildFailed, and what git throws.
 */
export async function buildAgain(
  recipe: Recipe,
  buildx: Buildx,
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<{ digest: string; blobs: Blobs }> {
  const layout = path.join(folder, "layout");
  const made = await makeLayout(folder, Object.keys(recipe.contexts));
  const { dockerfile } = recipe;
  const staged = stagedBeside(dockerfile);
  const outside = staged === dockerfile ? undefined : { dockerfile, staged };
  await exportCommit(recipe, made.context, { named: made.named, outside });
  // As before it was published: a link can lead out of what the version covers.
  await refuseUnbuildable(made.context, { ...recipe, staged });
  for (const directory of [made.context, ...Object.keys(recipe.contexts).map(made.named)]) {
    await normalize(directory, recipe.committedAt);
  }
  const { context, named } = await nameContext(folder);
  const { failure, output } = await runDocker(argumentsOf(recipe, buildx, { context, layout, named }), { env });
  if (failure !== undefined) {
    throw failed(`${failure}:\n${output}`);
  }
  const read = (digest: string) => readFile(path.join(layout, "blobs", ...digest.split(":")));
  const index = JSON.parse(await readFile(path.join(layout, "index.json"), "utf8"));
  return { digest: index.manifests[0].digest, blobs: { manifest: read, blob: read } };
}

function argumentsOf(
  recipe: Recipe,
  { builder, secret, ssh }: Buildx,
  { context, layout, named }: { context: string; layout: string; named(name: string): string },
): string[] {
  const contexts = [
    ...Object.keys(recipe.contexts).map((name) => [name, named(name)]),
    ...Object.entries(recipe.images),
    ...Object.entries(recipe.bases).map(([name, reference]) => [contextNameOf(name), `docker-image://${reference}`]),
  ];
  return [
    "buildx",
    "build",
    ...(builder === undefined ? [] : ["--builder", builder]),
    "--no-cache",
    "--provenance=false",
    "--sbom=false",
    "--progress=plain",
    ...buildSettings({
      platforms: [recipe.platforms],
      file: path.join(context, stagedBeside(recipe.dockerfile)),
      target: recipe.target,
      args: { ...sourceDateEpoch(recipe.committedAt), ...recipe.args, ...recipe.bases },
      labels: recipe.labels,
      contexts: Object.fromEntries(contexts),
      secrets: secret,
      ssh,
    }),
    "--output",
    layoutExport(layout, {
      reproducible: true,
      annotations: recipe.annotations,
      severalPlatforms: recipe.platforms.includes(","),
    }),
    context,
  ];
}

function failed(why: string): VersionedImageError {
  return new VersionedImageError(
    "RebuildFailed",
    `\`docker buildx build\` could not rebuild the commit: ${why}\nName another builder with ` +
      "--builder (docker buildx ls), and pass what the build needs with --build-arg, --secret and --ssh.",
  );
}
