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
  /** The repository that it was pulled from, if it says so; runtimes name any that they know the image by. */
  repository: Reference | undefined;
  /** The manifest's digest, by which it was pulled. */
  pulled: string | undefined;
  /** The digest of the image's configuration, where the runtime knows nothing else: the image was not pulled. */
  config: string | undefined;
}

/** Reads a container's imageID: NAME@DIGEST, docker-pullable://NAME@DIGEST, docker://DIGEST or DIGEST. */
export function readImageId(imageId: string): ImageId {
  const [, name, digest] = /^(?:[a-z-]+:\/\/)?(?:(.*)@)?(sha256:[0-9a-f]{64})$/.exec(imageId) ?? [];
  const pulled = name === undefined ? undefined : digest;
  const repository = name === undefined ? undefined : readImageName(name);
  return { repository, pulled, config: name === undefined ? digest : undefined };
}
