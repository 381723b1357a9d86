import { VersionedImageError } from "../errors";
import type { BakedImage } from "./bakedImage";

/** The repository of a tag of a bake file, with its host, which Docker leaves out for Docker Hub; none for a name of this machine alone. */
export function repositoryOfTag(tag: string): string | undefined {
  const [name = ""] = tag.split("@");
  const repository = name.replace(/:[^/:]*$/, "");
  const [first = "", ...rest] = repository.split("/");
  if (rest.length === 0) {
    return undefined;
  }
  return /[.:]|^localhost$/.test(first) ? repository : `docker.io/${repository}`;
}

/**
 * The repository of each image, by its name: `pattern` for all, with {name} for the target's, else that of its first tag. Throws BakeUnfit
 * for an image that has none, and for two that share one: there the tag tells versions apart, and no images.
 */
export function repositoriesOf(images: BakedImage[], pattern: string | undefined): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, repository } of images) {
    const own = pattern?.replaceAll("{name}", name) ?? repository;
    if (own === undefined) {
      throw new VersionedImageError(
        "BakeUnfit",
        `The bake target ${name} has no tag with a registry's host. Set one in the file (tags = ["HOST/REPOSITORY"]), or ` +
          "set a repository for all targets (HOST/REPOSITORY/{name}).",
      );
    }
    const [other] = Object.entries(found).find(([, taken]) => taken === own) ?? [];
    if (other !== undefined) {
      throw new VersionedImageError(
        "BakeUnfit",
        `The bake targets ${other} and ${name} have the same repository, ${own}, where only the version's tag is used. ` +
          "Give each target its own repository, for instance HOST/REPOSITORY/{name} for all targets.",
      );
    }
    found[name] = own;
  }
  return found;
}
