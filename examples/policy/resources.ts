import { UnknownValueError } from "@pulumi/policy";

/** As much of a resource as the policies read. */
export interface Resource {
  type: string;
  /** Its inputs or its outputs. Reading a value that a preview can't know yet throws an UnknownValueError. */
  props: Record<string, unknown>;
}

/** What a container of a workload runs, or a volume of it holds. */
export interface ContainerImage {
  /** The container's or volume's name. */
  container: string;
  image: string;
}

const TEMPLATE = ["spec", "template", "spec"];

/** Where each kind of workload has the specification of its pods. */
const POD_SPECS = new Map([
  ["Pod", ["spec"]],
  ["Deployment", TEMPLATE],
  ["StatefulSet", TEMPLATE],
  ["DaemonSet", TEMPLATE],
  ["ReplicaSet", TEMPLATE],
  ["ReplicationController", TEMPLATE],
  ["Job", TEMPLATE],
  ["CronJob", ["spec", "jobTemplate", ...TEMPLATE]],
  ["PodTemplate", ["template", "spec"]],
]);

/** Where a pod's specification names images: in lists of containers, and of volumes that are images. */
const LISTS: [list: string, image: string[]][] = [
  ["initContainers", ["image"]],
  ["containers", ["image"]],
  ["ephemeralContainers", ["image"]],
  ["volumes", ["image", "reference"]],
];

/** The images of a workload's containers and volumes, as far as they are known; none if the resource is no workload. */
export function imagesOf({ type, props }: Resource): ContainerImage[] {
  const [, kind = ""] = /^kubernetes:[^:]+:(\w+?)(?:Patch)?$/.exec(type) ?? [];
  const podSpec = POD_SPECS.get(kind);
  return podSpec ? LISTS.flatMap(([list, image]) => imagesAt(props, [...podSpec, list], image)) : [];
}

function imagesAt(props: unknown, list: string[], imagePath: string[]): ContainerImage[] {
  const count = Number(valueAt(props, [...list, "length"]) ?? 0);
  return Array.from({ length: count }, (_, index) => [...list, String(index)]).flatMap((entry) => {
    const image = valueAt(props, [...entry, ...imagePath]);
    const name = valueAt(props, [...entry, "name"]) ?? entry.slice(-2).join(".");
    return typeof image === "string" ? [{ container: String(name), image }] : [];
  });
}

/**
 * The references of the stack's VersionedImages, as far as they are known. Where a preview doesn't know one, it doesn't know
 * the image of the workload that uses it either, so nothing is refused for want of it.
 */
export function publishedImages(resources: Resource[]): string[] {
  return resources
    .filter(({ type }) => type === "versioned-image:index:VersionedImage")
    .map(({ props }) => valueAt(props, ["reference"]))
    .filter((reference): reference is string => typeof reference === "string");
}

/** The value at a path; undefined if there is none or a preview can't know it yet. */
function valueAt(value: unknown, path: string[]): unknown {
  try {
    return path.reduce((parent, key) => (parent as Record<string, unknown> | null | undefined)?.[key], value);
  } catch (error) {
    if (error instanceof UnknownValueError) {
      return undefined;
    }
    throw error;
  }
}
