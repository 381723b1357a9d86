import { REPRODUCIBLE_EXPORT } from "../version";

/**
 * `docker buildx build --output` that pushes one image, or one index of several: under the tag that a name has, else by digest alone.
 * `reproducible`: with the same times in each build, so that a commit gives one digest.
 */
export function imageExport(name: string, reproducible: boolean): string {
  return [
    "type=image",
    `name=${name}`,
    "push=true",
    ...(isTagged(name) ? [] : ["push-by-digest=true"]),
    "oci-mediatypes=true",
    ...(reproducible ? [REPRODUCIBLE_EXPORT] : []),
  ].join(",");
}

function isTagged(name: string): boolean {
  return name.lastIndexOf(":") > name.lastIndexOf("/");
}
