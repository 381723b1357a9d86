import { fieldsOf } from "../../components/registry";
import { type ImageId, readImageId, readImageName } from "./imageName";

/** An image that a pod uses, or that a template would have it use. */
export interface NamedImage {
  /** The container or volume. */
  container: string;
  kind: "container" | "init" | "ephemeral" | "volume";
  /** As it is named; empty where it is not, or not by text. */
  image: string;
}

/** An image that a pod uses, with what its runtime says of it. */
export interface PodImage extends NamedImage {
  /** pod/container */
  name: string;
  /** What runs. Undefined if nothing has started yet, or the runtime's words are not understood. */
  imageId: ImageId | undefined;
  /** Whether it runs or has run, whatever that is. */
  started: boolean;
  /** Whether it runs now. */
  running: boolean;
  /** Whether its pod is being deleted. */
  terminating: boolean;
  /** The runtime's own words for what runs; empty if it says nothing. */
  said: string;
  /** Why it has not started, in the words of the kubelet, for instance ImagePullBackOff; empty if it does not say. */
  waiting: string;
  startedAt: Date | undefined;
}

/** Where each kind of container is in a pod's specification, and in its status. */
const LISTS = [
  ["container", "containers", "containerStatuses"],
  ["init", "initContainers", "initContainerStatuses"],
  ["ephemeral", "ephemeralContainers", "ephemeralContainerStatuses"],
] as const;

/** All images that a pod's specification names: of containers, init containers (sidecars are such), ephemeral ones, and of volumes. */
export function namedImages(podSpec: unknown): NamedImage[] {
  const spec = fieldsOf(podSpec);
  const containers = LISTS.flatMap(([kind, list]) =>
    entriesOf(spec[list]).map(({ name, image }) => ({ container: textOf(name), kind, image: textOf(image) })),
  );
  const volumes = entriesOf(spec.volumes)
    .filter(({ image }) => image !== undefined && image !== null)
    .map(({ name, image }) => ({
      container: textOf(name),
      kind: "volume" as const,
      image: textOf(fieldsOf(image).reference),
    }));
  return [...containers, ...volumes];
}

/** All images that a pod uses. What its status says of a container that its specification lacks is among them. */
export function podImages(pod: unknown): PodImage[] {
  const { metadata, spec, status } = fieldsOf(pod);
  const owner = textOf(fieldsOf(metadata).name);
  const named = namedImages(spec);
  const statuses = LISTS.flatMap(([kind, , list]) =>
    entriesOf(fieldsOf(status)[list]).map((each) => ({ kind, container: textOf(each.name), each })),
  );
  const strays = statuses
    .filter(({ kind, container }) => !named.some((one) => one.kind === kind && one.container === container))
    .map(({ kind, container, each }) => ({ kind, container, image: textOf(each.image) }));
  const mounts = statuses.flatMap(({ each }) => entriesOf(each.volumeMounts));
  const hasStarted = statuses.some(({ each }) => isStarted(each));
  const hasRunning = statuses.some(({ each }) => isRunning(each));
  const terminating = Boolean(fieldsOf(metadata).deletionTimestamp);
  return [...named, ...strays].flatMap((image): PodImage[] => {
    const common = { ...image, name: `${owner}/${image.container}`, terminating };
    if (image.kind === "volume") {
      return ranVolume(image, mounts, hasStarted).map((found) => {
        const started = found.said !== "";
        return { ...common, ...found, started, running: started && hasRunning, waiting: "", startedAt: undefined };
      });
    }
    const own = statuses.filter(({ kind, container }) => kind === image.kind && container === image.container);
    // Where there are two, each may be what runs.
    return (own.length > 0 ? own.map(({ each }) => each) : [{} as Fields]).map((each) => {
      const state = fieldsOf(each.state);
      return {
        ...common,
        ...ran(each.imageID),
        started: isStarted(each),
        running: isRunning(each),
        waiting: textOf(fieldsOf(state.waiting).reason),
        startedAt: timeOf(fieldsOf(state.running).startedAt),
      };
    });
  });
}

/** Whether a container runs or has run, by its status. */
function isStarted({ imageID, state }: Fields): boolean {
  const { running, terminated } = fieldsOf(state);
  return ran(imageID).said !== "" || running !== undefined || terminated !== undefined;
}

/** A status that has none of the three states is of a container that waits, as Kubernetes has it. */
function isRunning({ state }: Fields): boolean {
  const { running } = fieldsOf(state);
  return running !== undefined && running !== null;
}

/** Of a volume older kubelets say nothing: then it is what it was pinned to, once it was pulled, which is before any container starts. */
function ranVolume(
  { container, image }: NamedImage,
  mounts: Fields[],
  hasStarted: boolean,
): Pick<PodImage, "imageId" | "said">[] {
  const refs = mounts
    .filter(({ name }) => name === container)
    .map(({ volumeStatus }) => fieldsOf(fieldsOf(volumeStatus).image).imageRef)
    .filter((said) => said !== undefined);
  if (refs.length > 0) {
    return [...new Set(refs)].map(ran);
  }
  const pinned = readImageName(image);
  return hasStarted && pinned?.digest !== undefined
    ? [{ imageId: { repository: pinned, digest: pinned.digest }, said: image }]
    : [ran(undefined)];
}

function ran(imageId: unknown): Pick<PodImage, "imageId" | "said"> {
  const said = typeof imageId === "string" ? imageId : (JSON.stringify(imageId ?? undefined) ?? "");
  return { imageId: readImageId(said), said };
}

/** Whether a pod has ended or is being deleted: nothing starts in it any more, though what runs may go on for a while. */
export function isEnding(pod: unknown): boolean {
  const { metadata, status } = fieldsOf(pod);
  const { phase } = fieldsOf(status);
  return Boolean(fieldsOf(metadata).deletionTimestamp) || phase === "Succeeded" || phase === "Failed";
}

/** How an object names its images in another form than Kubernetes has; undefined if it does not. `path`: where the pod's specification is. */
export function oddity(object: unknown, [field, ...path]: string[]): string | undefined {
  if (object === undefined || object === null) {
    return undefined;
  }
  const fields = fieldsOf(object);
  if (fields !== object) {
    return `the parent of ${field ?? "containers"} is not an object`;
  }
  return field === undefined ? oddSpec(fields) : oddity(fields[field], path);
}

function oddSpec(spec: Fields): string | undefined {
  for (const list of [...LISTS.map(([, name]) => name), "volumes"]) {
    const entries = spec[list] ?? [];
    if (!Array.isArray(entries)) {
      return `${list} is not a list`;
    }
    for (const entry of entries) {
      const { image } = fieldsOf(entry);
      const named = (list === "volumes" ? fieldsOf(image).reference : image) ?? "";
      if (fieldsOf(entry) !== entry || typeof named !== "string") {
        return `an image in ${list} is not a string`;
      }
    }
  }
  return undefined;
}

type Fields = Record<string, unknown>;

function entriesOf(list: unknown): Fields[] {
  return Array.isArray(list) ? list.map(fieldsOf) : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function timeOf(value: unknown): Date | undefined {
  const time = new Date(textOf(value));
  return Number.isNaN(time.getTime()) ? undefined : time;
}
