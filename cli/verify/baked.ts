import { repositoriesOf } from "../../components/bake";
import { VersionedImageError } from "../../components/errors";
import { readFacts } from "../../components/git";
import { parseRepository } from "../../components/registry";
import { decideVersion } from "../../components/version";
import { attempt } from "../attempt";
import { bakedSource, readBakeFiles } from "../bake";
import { type TagFlags, versionOptionsOf } from "../imageOptions";
import type { Io } from "../output";
import type { Subject } from "./many";

export interface BakedFlags extends TagFlags {
  /** Where the targets are published, for all of them: `{name}` stands for the target's name. Default: the repository of each one's first tag. */
  repository?: string;
}

/**
 * The versions at HEAD of a bake file's targets and of those that they are built on, made as the file says. One that has none is named by its
 * target, with why. Throws BakeFailed, BakeUnfit or InvalidArgument.
 */
export async function bakedSubjects(
  files: string[],
  targets: string[],
  flags: BakedFlags,
  io: Io,
): Promise<Omit<Subject, "more">[]> {
  const { images, refused } = await readBakeFiles(files, targets, io);
  const repositories = repositoriesOf(images, flags.repository);
  const subjects = images.map(async (image) => {
    const { name } = image;
    const { repository } = parseRepository(repositories[name] as string);
    const found = await attempt(async () => {
      const made = await bakedSource(image, images);
      // What is not committed is in no image that is published.
      const { tag } = decideVersion(await readFacts({ ...made, revision: "HEAD" }), versionOptionsOf(flags));
      return { reference: `${repository}:${tag}`, made };
    });
    return { target: name, ...(found instanceof VersionedImageError ? { reference: name, error: found } : found) };
  });
  const unfit = Object.entries(refused).map(([name, error]) => ({ target: name, reference: name, error }));
  return [...(await Promise.all(subjects)), ...unfit];
}
