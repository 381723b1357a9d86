import type { PrintedTarget } from "./printed";

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
const USED: Record<keyof PrintedTarget | "description", true> = {
  context: true,
  contexts: true,
  dockerfile: true,
  "dockerfile-inline": true,
  args: true,
  tags: true,
  target: true,
  platforms: true,
  secret: true,
  ssh: true,
  "cache-from": true,
  "cache-to": true,
  network: true,
  "extra-hosts": true,
  description: true,
};

/** Those that are not, with what counts instead. */
const UNMEANT: Record<string, string> = {
  annotations: "those of the file are not set",
  attest:
    "nothing is attested by the build, so that one commit gives one digest: attest the digest once it is published",
  call: "the image is always built",
  entitlements: "none is asked for: the builder must allow by itself what the build needs",
  labels: "the labels are those of the Dockerfile and of this package: write others as LABEL in the Dockerfile",
  "no-cache": "the builder's cache is used",
  "no-cache-filter": "the builder's cache is used",
  output: "the image is always pushed to its repository",
  policy: "no source policy is evaluated",
  pull: "the builder decides when it looks for a newer base image: pin base images by digest",
  resources: "the builder's own limits hold",
  // But for the repository of the first.
  tags: "the repository is that of the first, and the tag is the version: give others as alsoTag",
  "shm-size": "the builder's own size holds",
  ulimits: "the builder's own limits hold",
};

/** What the targets of a file have that is not meant here, each field once. */
export function unmeantIn(targets: Record<string, PrintedTarget>): Unmeant[] {
  const found = new Map<string, string[]>();
  for (const [name, target] of Object.entries(targets)) {
    for (const field of Object.keys(target).filter((key) => !Object.hasOwn(USED, key))) {
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
    .map(([field, names]) => ({ field, targets: names, why: UNMEANT[field] ?? "this release does not know it" }));
}

function hasTag(reference: string): boolean {
  return reference.lastIndexOf(":") > reference.lastIndexOf("/");
}

/** For people, in one line. */
export function sayUnmeant({ field, targets, why }: Unmeant): string {
  return `${field} (of ${targets.join(", ")}) is not used: ${why}`;
}
