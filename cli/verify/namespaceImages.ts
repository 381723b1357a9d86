import type { VersionedImageError } from "../../components/errors";
import { type RunningImage, readImageName } from "../cluster";
import { belongings, type Holdings, isBelow } from "./belonging";
import type { Deployed, Workloads } from "./clusterChecks";

/** An image that a namespace runs, with the containers that name it. */
export interface UsedImage {
  /** As `verify` takes it; as the containers name it where that names no image. */
  reference: string;
  deployed: Deployed[];
  running: RunningImage[];
  /** Why it can't be told whether it is of the repositories that are looked at. */
  error?: VersionedImageError;
}

/**
 * The images that Deployments and pods name, each once, in the order of their names: all, or those of the repositories and
 * of what is below them. What one of these holds is named as its, whatever a mirror calls it.
 */
export async function imagesOfNamespace(
  { deployed, running }: Pick<Workloads, "deployed" | "running">,
  repositories: string[] | undefined,
  holdings: Holdings,
): Promise<UsedImage[]> {
  const images = new Map<string, UsedImage>();
  const used = (image: string, error?: VersionedImageError): UsedImage => {
    const reference = referenceOf(image);
    const key = `${reference}\n${error?.message ?? ""}`;
    const found = images.get(key) ?? { reference, deployed: [], running: [], error };
    images.set(key, found);
    return found;
  };
  for (const container of deployed.filter(({ image }) => isOf(image, repositories))) {
    used(container.image).deployed.push(container);
  }
  const belonging = await belongings(running, repositories, holdings);
  for (const [index, container] of running.entries()) {
    const { at, error } = belonging[index] ?? {};
    if (belonging[index]) {
      used(at ? `${at.repository}@${at.digest}` : container.image, error).running.push(container);
    }
  }
  return [...images.values()].sort((a, b) => (a.reference < b.reference ? -1 : 1));
}

/** Without tag and digest, Kubernetes pulls `latest`. */
function referenceOf(image: string): string {
  const found = readImageName(image);
  if (!found) {
    return image;
  }
  const { repository, tag, digest } = found;
  const named = tag ?? (digest === undefined ? "latest" : undefined);
  return `${repository}${named === undefined ? "" : `:${named}`}${digest === undefined ? "" : `@${digest}`}`;
}

function isOf(image: string, repositories: string[] | undefined): boolean {
  return repositories === undefined || isBelow(readImageName(image)?.repository ?? "", repositories);
}
