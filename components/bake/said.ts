import { type Entry, fieldsOfEntry, type PrintedTarget } from "./printed";

/** Something in a bake file that is not meant here. */
export interface Unmeant {
  /** The field of the target. */
  field: string;
  /** The targets that have it. */
  targets: string[];
  /** What counts instead. */
  why: string;
}

/** The fields that are used: each has a meaning in `bakedImages`, but for the description, which is for people. */
const USED = new Set(
  (
    "context contexts dockerfile dockerfile-inline args tags target platforms secret ssh cache-from cache-to network " +
    "extra-hosts description"
  ).split(" "),
);

/** Those that are not used, and what counts instead; of tags a part is. */
const UNMEANT: Record<string, string> = {
  annotations: "not set",
  attest: "not attached by the build, so that one commit gives one digest; attest the published digest instead",
  call: "not called: the image is always built",
  entitlements: "not requested: the builder itself must allow what the build needs",
  labels: "not set: write them as LABEL in the Dockerfile",
  "no-cache": "not used: the build uses the builder's cache",
  "no-cache-filter": "not used: the build uses the builder's cache",
  output: "not used: an image is always pushed to its repository",
  policy: "not evaluated",
  pull: "not used: the builder decides when to pull a newer base image, so pin base images by digest",
  resources: "not used: the builder's own limits apply",
  "shm-size": "not used: the builder's own size applies",
  tags: "only the first one's repository is used, and the tag is the version: set other tags with alsoTag or releaseTags",
  ulimits: "not used: the builder's own limits apply",
};

/** What the targets of a file have that is not meant here, each field once. `asked`: the names of those that were asked for. */
export function unmeantIn(targets: Record<string, PrintedTarget>, asked: string[]): Unmeant[] {
  const found = new Map<string, string[]>();
  for (const [name, target] of Object.entries(targets)) {
    const fields = Object.keys(target).filter((key) => !USED.has(key));
    const own = asked.includes(name) || !goesNowhere(target) ? fields : fields.filter((field) => field !== "output");
    for (const field of own) {
      found.set(field, [...(found.get(field) ?? []), name]);
    }
  }
  const tagged = Object.entries(targets).filter(([, { tags = [] }]) => tags.length > 1 || tags.some(hasTag));
  if (tagged.length > 0) {
    found.set(
      "tags",
      tagged.map(([name]) => name),
    );
  }
  return [...found]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([field, names]) => ({
      field,
      targets: names,
      why: UNMEANT[field] ?? "unknown to this release, and not used",
    }));
}

/** Bake itself adds this to the targets that others are built on and that nobody asked for. */
function goesNowhere({ output = [] }: PrintedTarget & { output?: Entry[] }): boolean {
  return output.length === 1 && output.every((entry) => fieldsOfEntry(entry, "dest").type === "cacheonly");
}

function hasTag(reference: string): boolean {
  return reference.lastIndexOf(":") > reference.lastIndexOf("/");
}

/** How many targets are named. */
const NAMED = 5;

/** For people, in one line. */
export function sayUnmeant({ field, targets, why }: Unmeant): string {
  const more = targets.length - NAMED;
  return `${field} of ${targets.slice(0, NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}: ${why}`;
}
