import { type Command, Option } from "commander";
import { type BakedImage, type BakedSet, readBake } from "../components/bake";
import type { ImageSource } from "../components/git";
import { builtOn } from "./builtOn";
import { collect } from "./imageOptions";
import type { Io } from "./output";

export interface BakeFlags {
  /** The files that describe the images; their targets are then named in place of directories. */
  bake?: string[];
}

/** `--bake`, and with it `decided`: the options whose part the file has. */
export function addBakeOption(command: Command, decided: string[] = []): Command {
  return command.addOption(
    new Option(
      "--bake <file>",
      "a bake or Compose file (HCL, JSON or YAML), read by docker buildx bake --print; the arguments are then its targets " +
        "(default: those of the group default); repeatable",
    )
      .argParser(collect)
      .conflicts(["dockerfile", "path", "buildContext", "base", "revision", ...decided]),
  );
}

/** Ends with wrong usage where no directory is named, or more than `most`; a bake file's targets may be all or any. */
export function requireNames(
  command: Command,
  names: string[],
  { bake }: BakeFlags,
  most = Number.POSITIVE_INFINITY,
): void {
  if (bake === undefined && names.length === 0) {
    command.error("error: missing required argument 'context'");
  }
  if (bake === undefined && names.length > most) {
    command.error(`error: too many arguments. Expected ${most} argument but got ${names.length}.`);
  }
}

/** Ends with wrong usage where options say how versions are named, and no bake file says of what. */
export function requireBakeForTags(command: Command, { bake }: BakeFlags): void {
  const given = ["tagPolicy", "tagLength", "tagPrefix"].find((name) => command.getOptionValueSource(name) === "cli");
  const option = command.options.find((each) => each.attributeName() === given);
  if (bake === undefined && option !== undefined) {
    command.error(`error: option '${option.flags}' requires --bake`);
  }
}

/** A target that was asked for. */
export interface BakedSource {
  name: string;
  /** Undefined if it can't be an image of this package; its source then says why. */
  image: BakedImage | undefined;
  /** Throws BakeUnfit for a target that can't be an image, ContextNotFound, OutsideRepository and the like for directories that can't be. */
  source(): Promise<ImageSource>;
}

/** What decides versions is there without secrets. Throws BakeFailed or InvalidArgument. */
export function readBakeFiles(files: string[], targets: string[], { env }: Io): Promise<BakedSet> {
  return readBake({ files, targets, directory: ".", credentials: false, env });
}

/** Those that were asked for, and all that the file describes of them. Throws BakeFailed or InvalidArgument. */
export async function bakedSources(
  files: string[],
  targets: string[],
  io: Io,
): Promise<BakedSet & { sources: BakedSource[] }> {
  const baked = await readBakeFiles(files, targets, io);
  const byName = new Map(baked.images.map((image) => [image.name, image]));
  const sources = baked.asked.map((name) => {
    const image = byName.get(name);
    return {
      name,
      image,
      source: async () => {
        if (image === undefined) {
          throw baked.refused[name];
        }
        return bakedSource(image, baked.images);
      },
    };
  });
  return { ...baked, sources };
}

/**
 * What decides the version of an image of a set. Throws ContextNotFound, OutsideRepository and the like for directories that can't be.
 */
export async function bakedSource(image: BakedImage, images: BakedImage[]): Promise<ImageSource> {
  const { context, dockerfile, directories } = image;
  const bases = Object.entries(image.bases).map(async ([name, target]) => {
    const base = images.find((each) => each.name === target) as BakedImage;
    return [name, await bakedSource(base, images)] as const;
  });
  return builtOn({ context, dockerfile, contexts: directories }, Object.fromEntries(await Promise.all(bases)));
}
