import { VersionedImageError } from "../../components/errors";
import { fieldsOf, INDEX_TYPES, type RegistryClient } from "../../components/registry";
import { attempt } from "../attempt";
import { type RunningImage as PodImage, readImageName } from "../cluster";
import { type Belonging, type Holdings, kept } from "../verify/belonging";
import { manifestFields } from "../verify/parts";
import type { Verification, Verifier } from "../verify/verification";

/** Finds out what images are, of which a runtime says no more than a digest, or less. */
export interface Looker {
  /** What a container's image says of itself, or why that could not be found out; `belonging` is where it was found. */
  lookAt(image: PodImage, belonging: Belonging): Promise<Verification | string>;
  /** Whether a container runs what its Deployment names by now, however that is written. */
  isAsDeployed(image: PodImage, found: Verification): Promise<boolean>;
}

/** Keeps what it has read of images. */
export function createLooker({ client, verify }: Pick<Verifier, "client" | "verify">, holdings: Holdings): Looker {
  const known = new Map<string, Promise<Verification>>();

  async function lookAt(
    { image, imageId, said, waiting }: PodImage,
    { at, error }: Belonging,
  ): Promise<Verification | string> {
    if (!imageId) {
      if (said !== "") {
        return `its runtime reports an unknown image ID: ${said.slice(0, 200)}`;
      }
      return waiting === ""
        ? "it has not started, or its runtime does not report its image"
        : `it has not started: ${waiting}`;
    }
    if (error) {
      return `can't tell whether it is from these repositories: ${error.message} [${error.code}]`;
    }
    if (at) {
      const found = await attempt(() => looked(at.repository, at.digest));
      return found instanceof VersionedImageError ? wordsOf(found) : found;
    }
    const named = readImageName(image);
    // A runtime names any repository that it knows the image by: that which the pod names comes first.
    const places = [named?.repository, imageId.repository?.repository].filter((place) => place !== undefined);
    if (places.length === 0) {
      return "neither the pod nor its runtime says where it was pulled from";
    }
    const failures: VersionedImageError[] = [];
    for (const place of new Set(places)) {
      const found = await attempt(() => looked(place, imageId.digest));
      if (!(found instanceof VersionedImageError)) {
        return found;
      }
      failures.push(found);
    }
    if (imageId.repository === undefined && named) {
      const found = await attempt(async () => {
        const digest = await holdings.find(named.repository, imageId);
        return digest === undefined ? undefined : looked(named.repository, digest);
      });
      if (found !== undefined && !(found instanceof VersionedImageError)) {
        return found;
      }
      failures.unshift(...(found ? [found] : []));
    }
    return wordsOf(failures[0] as VersionedImageError);
  }

  function looked(repository: string, digest: string): Promise<Verification> {
    return kept(known, `${repository}@${digest}`, () => verify(`${repository}@${digest}`));
  }

  async function isAsDeployed(pod: PodImage, found: Verification): Promise<boolean> {
    const named = pod.deployment?.images.find(
      ({ kind, container }) => kind === pod.kind && container === pod.container,
    );
    if (named === undefined || named.image === pod.image) {
      return true;
    }
    const [wanted, used] = [readImageName(named.image), readImageName(pod.image)];
    if (!wanted) {
      return false;
    }
    const tagOf = ({ tag, digest }: { tag?: string; digest?: string }) =>
      tag ?? (digest === undefined ? "latest" : undefined);
    if (wanted.digest === undefined && used?.repository === wanted.repository && tagOf(used) === tagOf(wanted)) {
      return true;
    }
    const runs = [found.digest, pod.imageId?.digest, used?.digest];
    // What can't be told is not fine.
    return (await attempt(() => leadsTo(client, wanted, wanted.digest ?? tagOf(wanted) ?? "", runs))) === true;
  }

  return { lookAt, isAsDeployed };
}

/** Whether a reference names one of these digests, or an index that holds one. */
async function leadsTo(
  client: RegistryClient,
  { repository }: { repository: string },
  reference: string,
  digests: (string | undefined)[],
): Promise<boolean> {
  if (digests.includes(reference)) {
    return true;
  }
  const manifest = await client.manifest(repository, reference);
  if (!manifest || digests.includes(manifest.digest)) {
    return manifest !== undefined;
  }
  const { manifests } = INDEX_TYPES.includes(manifest.mediaType)
    ? manifestFields(`${repository}@${manifest.digest}`, manifest.bytes)
    : { manifests: [] };
  return Array.isArray(manifests) && manifests.some((entry) => digests.includes(String(fieldsOf(entry).digest)));
}

function wordsOf({ message, code }: VersionedImageError): string {
  return `${message} [${code}]`;
}
