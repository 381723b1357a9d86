import { VersionedImageError } from "../../components/errors";
import { fieldsOf, INDEX_TYPES, type RegistryClient } from "../../components/registry";
import { type NamedImage, type RunningImage as PodImage, readImageName } from "../cluster";
import type { Held } from "../prune/held";
import { readHeld } from "../prune/readHeld";
import { manifestFields } from "../verify/manifestFields";
import type { Verification, Verifier } from "../verify/verification";

/** Finds out what images are, of which a runtime says no more than a digest, or less. */
export interface Looker {
  /** What a container's image says of itself, or why that could not be found out. */
  lookAt(image: PodImage): Promise<Verification | string>;
  /** Whether a container runs what its Deployment names by now, however that is written. */
  isAsDeployed(image: PodImage, found: Verification): Promise<boolean>;
}

/** Keeps what it has read of repositories. */
export function createLooker({ client, verify }: Pick<Verifier, "client" | "verify">): Looker {
  const holdings = new Map<string, Promise<Held>>();
  const known = new Map<string, Promise<Verification>>();

  async function lookAt({ image, imageId, said, waiting }: PodImage): Promise<Verification | string> {
    if (!imageId) {
      if (said !== "") {
        return `its runtime says what it runs in words that are not understood: ${said.slice(0, 200)}`;
      }
      return waiting === ""
        ? "it has not started, or its runtime does not say what it runs"
        : `it has not started: ${waiting}`;
    }
    const named = readImageName(image);
    // A runtime names any repository that it knows the image by: that which the pod names comes first.
    const places = [named?.repository, imageId.repository?.repository].filter((place) => place !== undefined);
    if (places.length === 0) {
      return "neither the pod nor its runtime says where it was pulled from";
    }
    const failures: VersionedImageError[] = [];
    for (const place of new Set(places)) {
      try {
        return await looked(place, imageId.digest);
      } catch (error) {
        failures.push(ours(error));
      }
    }
    if (imageId.repository === undefined && named) {
      try {
        const digest = await byConfiguration(named.repository, imageId.digest);
        if (digest !== undefined) {
          return await looked(named.repository, digest);
        }
      } catch (error) {
        failures.unshift(ours(error));
      }
    }
    const [first] = failures;
    return `${first?.message} [${first?.code}]`;
  }

  function looked(repository: string, digest: string): Promise<Verification> {
    return kept(known, `${repository}@${digest}`, (reference) => verify(reference));
  }

  /** The manifest of a configuration, by which runtimes may know an image: one of those that tags lead to. */
  async function byConfiguration(repository: string, config: string): Promise<string | undefined> {
    const { manifests } = await kept(holdings, repository, (name) => readHeld(client, name));
    return [...manifests.values()].find((manifest) => manifest.config === config)?.digest;
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
    try {
      return await leadsTo(client, wanted.repository, wanted.digest ?? tagOf(wanted) ?? "", runs);
    } catch (error) {
      // What can't be told is not fine.
      ours(error);
      return false;
    }
  }

  return { lookAt, isAsDeployed };
}

/** Whether a reference names one of these digests, or an index that holds one. */
async function leadsTo(
  client: RegistryClient,
  repository: string,
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

function kept<T>(known: Map<string, Promise<T>>, key: string, make: (key: string) => Promise<T>): Promise<T> {
  const found = known.get(key) ?? make(key);
  known.set(key, found);
  return found;
}

/** Throws whatever is no error of this package. */
function ours(error: unknown): VersionedImageError {
  if (error instanceof VersionedImageError) {
    return error;
  }
  throw error;
}

/** The repositories by which a container's image is known. */
export function repositoriesOf({ image, imageId }: Pick<PodImage, "imageId"> & Pick<NamedImage, "image">): string[] {
  const found = [readImageName(image)?.repository, imageId?.repository?.repository];
  return [...new Set(found.filter((repository) => repository !== undefined))];
}
