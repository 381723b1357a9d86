import * as pulumi from "@pulumi/pulumi";
import { Builder, type VersionedImageArgs } from "./args";
import { type BakedImage, type BakedSet, readBake, repositoriesOf, sayUnmeant, secretsOf } from "./bake";
import { reportInRun } from "./pulumi";
import { VersionedImage } from "./versionedImage";

/** What a bake file does not set: arguments of VersionedImage for all of its images. */
export interface BakeOptions
  extends Omit<VersionedImageArgs, "context" | "paths" | "dockerfile" | "repository" | "build"> {
  /** The targets and groups to take. Default: the group or target `default`. */
  targets?: string[];
  /** The directory that the file's paths are relative to, relative to the program's working directory. Default: the working directory. */
  directory?: string;
  /** The repositories to publish to; {name} is replaced by the target's name. Default: that of each target's first tag. */
  repository?: pulumi.Input<string>;
  /** The builder instance, `docker buildx bake --builder`. Default: that of `build.builderName`. */
  builderName?: string;
}

/**
 * Declares the images that `docker buildx bake` would build, and their base images, and returns them by target name. The file is HCL, JSON
 * or Compose, relative to the program's working directory; of several files, later ones override earlier ones. BuildKit builds the images.
 * Errors: BakeFailed with buildx's output, BakeUnfit for a target that can't be a VersionedImage.
 */
export function bakeImages(
  file: string | string[],
  options: BakeOptions = {},
  opts?: pulumi.ComponentResourceOptions,
): Promise<Record<string, VersionedImage>> {
  return reportInRun(async () => {
    const { targets = [], directory = ".", repository, builderName, ...args } = options;
    const files = [file].flat();
    const { env } = process;
    const baked = await readBake({ files, targets, directory, credentials: true, env });
    for (const error of Object.values(baked.refused)) {
      throw error;
    }
    await sayAll(files, baked);
    const repositories = repositoriesIn(baked.images, repository);
    const secrets = await Promise.all(
      baked.images.map(async (image) => {
        const values = await secretsOf(image, env);
        return Object.keys(values).length > 0 ? { secrets: values } : undefined;
      }),
    );
    const made: Record<string, VersionedImage> = {};
    for (const [index, { name, context, dockerfile, bases, build }] of baked.images.entries()) {
      made[name] = new VersionedImage(
        name,
        {
          ...args,
          context,
          dockerfile,
          repository: repositories[name],
          build: {
            ...build,
            builder: Builder.BuildKit,
            builderName,
            ...secrets[index],
            // Each is made before those that are built on it.
            bases: Object.fromEntries(Object.entries(bases).map(([key, base]) => [key, made[base] as VersionedImage])),
          },
        },
        opts,
      );
    }
    return made;
  });
}

/** Two images of one repository are found here as far as it is known, and else where they are published. */
function repositoriesIn(
  images: BakedImage[],
  pattern: pulumi.Input<string> | undefined,
): Record<string, pulumi.Input<string>> {
  return pattern === undefined || typeof pattern === "string"
    ? repositoriesOf(images, pattern)
    : Object.fromEntries(
        images.map(({ name }) => [name, pulumi.output(pattern).apply((known) => known.replaceAll("{name}", name))]),
      );
}

async function sayAll(files: string[], { unmeant }: BakedSet): Promise<void> {
  if (unmeant.length > 0) {
    await pulumi.log.info([`${files.join(", ")}:`, ...unmeant.map((each) => `  ${sayUnmeant(each)}`)].join("\n"));
  }
}
