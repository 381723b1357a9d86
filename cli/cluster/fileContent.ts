import { readFileSync } from "node:fs";
import { VersionedImageError } from "../../components/errors";

/** What a file that a kubeconfig names holds; undefined where it names none. Throws ClusterFailed. */
export function contentOf(file: string | undefined, whose: string): Buffer | undefined {
  try {
    return file === undefined ? undefined : readFileSync(file);
  } catch (error) {
    throw new VersionedImageError(
      "ClusterFailed",
      `A file that the kubeconfig names for ${whose} can't be read: ${(error as Error).message}. Put it there, or mend the ` +
        "kubeconfig; a relative path stands relative to the kubeconfig that has it.",
      { cause: error },
    );
  }
}

/** In base64, what is given by itself or as a file; both are refused, as by kubectl. Throws ClusterFailed. */
export function base64Of(data: string | undefined, file: string | undefined, whose: string): string | undefined {
  if (data !== undefined && file !== undefined) {
    throw new VersionedImageError(
      "ClusterFailed",
      `The kubeconfig has ${file} for ${whose}, and the same as data as well: take one of them out.`,
    );
  }
  return data ?? contentOf(file, whose)?.toString("base64");
}
