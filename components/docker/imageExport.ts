import { REPRODUCIBLE_EXPORT } from "../version";

/** What is exported by `docker buildx build --output`: an image, or an index of several. */
export interface ImageExport {
  /** Whether it has the same times in each build, so that a commit gives one digest. */
  reproducible: boolean;
  /** What the manifests say, and the index where there are several platforms. */
  annotations: Record<string, string>;
  severalPlatforms: boolean;
}

/** Pushes it: under the tag that a name has, else by digest alone. */
export function imageExport(name: string, image: ImageExport): string {
  return joinFields([
    "type=image",
    `name=${name}`,
    "push=true",
    ...(isTagged(name) ? [] : ["push-by-digest=true"]),
    ...optionsOf(image),
  ]);
}

/** Writes it to a folder, in OCI's image layout. */
export function layoutExport(folder: string, image: ImageExport): string {
  return joinFields(["type=oci", `dest=${folder}`, "tar=false", ...optionsOf(image)]);
}

function optionsOf({ reproducible, annotations, severalPlatforms }: ImageExport): string[] {
  // BuildKit refuses those of an index for a single image.
  const kinds = ["annotation", ...(severalPlatforms ? ["annotation-index"] : [])];
  return [
    "oci-mediatypes=true",
    ...(reproducible ? REPRODUCIBLE_EXPORT : []),
    ...kinds.flatMap((kind) => Object.entries(annotations).map(([key, value]) => `${kind}.${key}=${value}`)),
  ];
}

function isTagged(name: string): boolean {
  return name.lastIndexOf(":") > name.lastIndexOf("/");
}

/** Fields, KEY=VALUE each, as the options of `docker buildx build` take them: one record of comma-separated values. */
export function joinFields(fields: string[]): string {
  return fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(",");
}
