import { readFile } from "node:fs/promises";
import * as path from "node:path";
import { Builder } from "../../components/args";
import {
  committedContext,
  committedLayout,
  contextOnDisk,
  ignoredInImage,
  layoutOnDisk,
  leftOutOfImage,
  nameContext,
  type PreparedContext,
  prepareContext,
  stagedBeside,
  stagedWithin,
  type VersionFiles,
} from "../../components/context";
import { builtImageId, imageExport } from "../../components/docker";
import { VersionedImageError } from "../../components/errors";
import { expectExport } from "../../components/git";
import type { Built } from "../../components/protocol";
import { contextNameOf, imageAnnotations, sourceDateEpoch } from "../../components/version";
import { type BuildSettings, buildSettings, runDocker } from "../docker";
import type { Image } from "./images";
import { refuseInterrupted } from "./interrupted";
import type { Run } from "./run";

/** What an image is to be built with, beside its files. */
export interface Wanted {
  /** The references of the images that it is built on, by their names. */
  bases: Record<string, string>;
  labels: Record<string, string>;
  scratchTag(): Promise<string>;
}

/**
 * Builds an image and pushes its content without touching the version's tag: under the scratch tag, or by digest alone with BuildKit. Throws
 * BuildFailed, Interrupted, and what the files can be refused for.
 */
export async function buildImage(image: Image, wanted: Wanted, run: Run): Promise<Built> {
  const exported = image.version.debug ? async () => {} : expectExport(image.version);
  try {
    return await run.inTurn(async () => {
      const files = await prepareFiles(image, run);
      try {
        run.progress(image, `building ${image.version.tag}`);
        return image.build.builder === Builder.Docker
          ? await byDocker(image, files, wanted, run)
          : await byBuildKit(image, files, wanted, run);
      } finally {
        await files.discard();
      }
    });
  } finally {
    await exported();
  }
}

/** Writes the files that an image is built from apart, and finds what a builder would refuse. */
export async function prepareFiles(image: Image, run: Run): Promise<PreparedContext> {
  refuseInterrupted(image, "before its build", run);
  const { version, paths, dockerfile } = image;
  const files: VersionFiles = { version, paths, dockerfile, target: image.build.target };
  const isDocker = image.build.builder === Builder.Docker;
  if (!version.debug) {
    const warn = (what: string) => run.warn(image, what);
    return prepareContext(isDocker ? committedContext(files, warn) : committedLayout(files, warn));
  }
  let copied: string[] = [];
  const keep = (found: string[]) => {
    copied = found;
  };
  const prepared = await prepareContext(isDocker ? contextOnDisk(files, keep) : layoutOnDisk(files, keep));
  for (const notice of [ignoredInImage(version, copied), await leftOutOfImage(version, dockerfile)]) {
    if (notice !== undefined) {
      run.warn(image, notice);
    }
  }
  return prepared;
}

/** `docker build` and `docker push`, without the attestations that nobody has asked for: they would make an index of each image. */
async function byDocker(image: Image, files: PreparedContext, { bases, scratchTag }: Wanted, run: Run): Promise<Built> {
  const { build } = image;
  const tag = await scratchTag();
  const name = `${image.repository}:${tag}`;
  // Docker's own builder, whichever one buildx would take.
  const { BUILDX_BUILDER: _, ...others } = run.env;
  const env = { ...others, BUILDX_NO_DEFAULT_ATTESTATIONS: "1" };
  const settings = buildSettings({
    ...settingsOf(image),
    file: path.join(files.directory, stagedWithin(image.dockerfile)),
    args: { ...build.args, ...bases },
  });
  await docker(image, ["build", ...settings, "--tag", name, files.directory], env, run);
  try {
    const [pushed, id] = await Promise.all([docker(image, ["push", name], env, run), builtImageId(name, env)]);
    // Podman says none.
    const [, digest] = /\bdigest: (sha256:[0-9a-f]{64})\b/.exec(pushed) ?? [];
    return { digest, isLabelled: false, tag, imageId: async () => id };
  } finally {
    await forget(image, name, run);
  }
}

/** Docker keeps what it has built under the name that it was pushed as, which nothing needs. */
async function forget(image: Image, name: string, run: Run): Promise<void> {
  const { failure, output } = await runDocker(["image", "rm", "--no-prune", name], { env: run.env });
  if (failure !== undefined) {
    run.warn(image, `docker did not remove ${name}, which is no longer needed: ${output || failure}`);
  }
}

/** `docker buildx build`, told as a stack tells it, so that a commit gives the same digest. */
async function byBuildKit(image: Image, files: PreparedContext, { bases, labels }: Wanted, run: Run): Promise<Built> {
  const { version, dockerfile, build } = image;
  const { env } = run;
  const { context, named } = await nameContext(files.directory);
  const metadata = path.join(files.directory, "metadata.json");
  const contexts = [
    ...Object.keys(version.contexts).map((name) => [name, named(name)]),
    ...Object.entries(build.images),
    ...Object.entries(bases).map(([name, reference]) => [contextNameOf(name), `docker-image://${reference}`]),
  ];
  const epoch = version.debug ? {} : sourceDateEpoch(version.committedAt);
  const args = [
    "buildx",
    "build",
    ...(build.builderName === undefined ? [] : ["--builder", build.builderName]),
    "--provenance=false",
    "--sbom=false",
    "--progress=plain",
    ...buildSettings({
      ...settingsOf(image),
      file: path.join(context, stagedBeside(dockerfile)),
      args: { ...epoch, ...build.args, ...bases },
      labels,
      contexts: Object.fromEntries(contexts),
    }),
    ...["--metadata-file", metadata],
    ...[
      "--output",
      imageExport(image.repository, {
        reproducible: !version.debug,
        annotations: imageAnnotations(labels),
        severalPlatforms: build.platforms.length > 1,
      }),
    ],
    context,
  ];
  await docker(image, args, env, run);
  const digest = JSON.parse(await readFile(metadata, "utf8"))["containerimage.digest"];
  return { digest, isLabelled: true, tag: undefined, imageId: async () => undefined };
}

function settingsOf({ build }: Image): Omit<BuildSettings, "file" | "args"> {
  const { platforms, target, secrets, ssh, cacheFrom, cacheTo, network, hosts } = build;
  return { platforms, target, secrets, ssh, cacheFrom, cacheTo, network, hosts: [...hosts].sort() };
}

/** Returns the end of what it printed. Throws BuildFailed or Interrupted. */
async function docker(image: Image, args: string[], env: NodeJS.ProcessEnv, run: Run): Promise<string> {
  const [command = "", second] = args;
  const name = `docker ${command === "buildx" ? `buildx ${second}` : command}`;
  refuseInterrupted(image, `before \`${name}\``, run);
  const { failure, output } = await runDocker(args, { env, signal: run.signal });
  // Of a terminal's Ctrl-C docker hears, too, and may be the first.
  await new Promise((resolve) => setImmediate(resolve));
  refuseInterrupted(image, `while \`${name}\` ran`, run);
  if (failure !== undefined) {
    throw new VersionedImageError(
      "BuildFailed",
      `\`${name}\` failed for ${image.repository}:${image.version.tag}, which is not published: ${failure}${lastLines(output)}`,
    );
  }
  return output;
}

/** So many of the last lines of a command that failed are shown. */
const LINES = 20;

function lastLines(output: string): string {
  const lines = output.split(/[\r\n]+/).slice(-LINES);
  return output === "" ? "" : `; its last lines:\n${lines.map((line) => `    ${line}`).join("\n")}`;
}
