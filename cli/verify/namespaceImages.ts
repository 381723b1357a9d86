import { type RunningImage, readImageName } from "../cluster";
import type { Deployed, Workloads } from "./cluster";

/** An image that a namespace runs, with the containers that name it. */
export interface UsedImage {
  /** As `verify` takes it; as the containers name it where that names no image. */
  reference: string;
  deployed: Deployed[];
  running: RunningImage[];
}

/**
 * The images that Deployments and pods name, each once, in the order of their names: all, or those of the repositories and
 * of what is below them.
 */
export function imagesOfNamespace(
  { deployed, running }: Pick<Workloads, "deployed" | "running">,
  repositories?: string[],
): UsedImage[] {
  const images = new Map<string, UsedImage>();
  const used = (image: string): UsedImage => {
    const reference = referenceOf(image);
    const found = images.get(reference) ?? { reference, deployed: [], running: [] };
    images.set(reference, found);
    return found;
  };
  const wanted = ({ image }: { image: string }) => isOf(image, repositories);
  for (const container of deployed.filter(wanted)) {
    used(container.image).deployed.push(container);
  }
  // A webhook can have put another name before what the runtime still says.
  const runs = ({ imageId }: RunningImage) =>
    imageId?.repository !== undefined && isOf(imageId.repository.repository, repositories);
  for (const container of running.filter((each) => wanted(each) || runs(each))) {
    used(container.image).running.push(container);
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
  const found = readImageName(image)?.repository;
  return (
    repositories === undefined ||
    repositories.some((wanted) => found === wanted || found?.startsWith(`${wanted}/`) === true)
  );
}
