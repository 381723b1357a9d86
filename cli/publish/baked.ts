import { type BakedImage, readBake, repositoriesOf, sayUnmeant } from "../../components/bake";
import { type ImageSource, readFacts } from "../../components/git";
import { locateImage, openHistory } from "../../components/git/lookup";
import { parseRepository } from "../../components/registry";
import { decideVersion } from "../../components/version";
import { bakedSource } from "../bake";
import { versionOptionsOf } from "../imageOptions";
import { type Io, printable } from "../output";
import { bakedBuild } from "./bakedBuild";
import type { Build } from "./buildFlags";
import type { Base, Image, ImagesFlags, Named } from "./images";

/**
 * Finds the images of a bake file's targets, and of those that they are built on; says what the file has that is not meant. Throws BakeFailed,
 * BakeUnfit, InvalidArgument, and ContextNotFound, OutsideRepository and the like for directories that can't be: before anything is published.
 */
export async function findBaked(files: string[], targets: string[], flags: ImagesFlags, io: Io): Promise<Named[]> {
  const { env } = io;
  const { images, refused, unmeant } = await readBake({ files, targets, directory: ".", credentials: true, env });
  for (const error of Object.values(refused)) {
    throw error;
  }
  const repositories = repositoriesOf(images, flags.repository);
  const history = await openHistory(".");
  const found = await Promise.all(
    images.map(async (image): Promise<Named> => {
      const { name, context } = image;
      const { repository } = parseRepository(repositories[name] as string);
      const build = bakedBuild(image, flags, env);
      const source = await bakedSource(image, images);
      await locateImage(history, source);
      return { id: name, label: name, context, name, read: () => readImage(image, source, repository, build, flags) };
    }),
  );
  io.err(unmeant.map((each) => `${printable(`${files.join(", ")}: ${sayUnmeant(each)}`)}\n`).join(""));
  return found;
}

async function readImage(
  { name, dockerfile, bases }: BakedImage,
  source: ImageSource,
  repository: string,
  build: Build,
  flags: ImagesFlags,
): Promise<Image> {
  return {
    label: name,
    name,
    repository,
    version: decideVersion(await readFacts(source), versionOptionsOf(flags)),
    dockerfile,
    paths: undefined,
    build,
    bases: Object.fromEntries(Object.entries(bases).map(([context, target]) => [context, baseOf(context, target)])),
  };
}

function baseOf(context: string, target: string): Base {
  return { option: `contexts.${context}`, label: `the target ${target}`, from: { id: target } };
}
