import { VersionedImageError } from "../../components/errors";
import { parseReference, type Reference } from "../../components/registry";

/** An image as Kubernetes names it. Undefined if it names none. */
export function readImageName(image: string): Reference | undefined {
  try {
    return parseReference(qualified(image));
  } catch (error) {
    if (error instanceof VersionedImageError) {
      return undefined;
    }
    throw error;
  }
}

/** Without a host it is Docker Hub's, and there without an owner it is in `library`. */
function qualified(image: string): string {
  const [, host = "docker.io", name = ""] = /^(?:([^/]*[.:][^/]*|localhost)\/)?(.*)$/s.exec(image) ?? [];
  return host === "docker.io" && !name.includes("/") ? `${host}/library/${name}` : `${host}/${name}`;
}

/** What a container runtime says that it runs. */
export interface ImageId {
  /** Where it says that it was pulled from; runtimes name any repository that they know the image by. */
  repository: Reference | undefined;
  /** The manifest's digest. Where no repository stands before it, it may be that of the image's configuration instead. */
  digest: string;
}

/**
 * Reads a container's imageID: docker-pullable://NAME@DIGEST, NAME@DIGEST, docker://DIGEST, DIGEST, or as CRI-O has it the
 * digits alone. Undefined if it is none of these.
 */
export function readImageId(imageId: string): ImageId | undefined {
  const [, name, kind = "sha256:", digits] =
    /^(?:[a-z-]+:\/\/)?(?:([^@]+)@)?(sha256:|sha512:)?([0-9a-f]{128}|[0-9a-f]{64})$/.exec(imageId) ?? [];
  if (digits === undefined || digits.length !== (kind === "sha256:" ? 64 : 128)) {
    return undefined;
  }
  return { repository: name === undefined ? undefined : readImageName(name), digest: `${kind}${digits}` };
}
