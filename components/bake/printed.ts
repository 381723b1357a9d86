import { VersionedImageError } from "../errors";

/** What `docker buildx bake --print` prints. */
export interface Printed {
  /** Each with the targets and groups that are in it; what was asked for is `default`. */
  group?: Record<string, { targets?: string[] | null }>;
  /** What was asked for, and the targets that it is built on. */
  target: Record<string, PrintedTarget>;
}

/** A source or a place of a cache, a secret or an SSH agent: as fields by buildx of today, as one text by those before 0.21. */
export type Entry = string | Record<string, unknown>;

/** The fields that have a meaning here. */
export interface PrintedTarget {
  context?: string;
  contexts?: Record<string, string>;
  dockerfile?: string;
  "dockerfile-inline"?: string;
  args?: Record<string, string | null>;
  tags?: string[];
  target?: string;
  platforms?: string[];
  secret?: Entry[];
  ssh?: Entry[];
  "cache-from"?: Entry[];
  "cache-to"?: Entry[];
  network?: string;
  "extra-hosts"?: Record<string, string | null>;
}

/** Reads it. Throws BakeFailed for what is none. */
export function parsePrinted(text: string): Printed {
  let printed: Partial<Printed> | null;
  try {
    printed = JSON.parse(text);
  } catch (error) {
    throw unreadable((error as Error).message, error);
  }
  const { target } = Object(printed) as Partial<Printed>;
  if (typeof target !== "object" || target === null) {
    throw unreadable("it has no targets");
  }
  return printed as Printed;
}

/** The fields of an entry; without an equals sign it is the value of `first`. */
export function fieldsOfEntry(entry: Entry, first: string): Record<string, unknown> {
  if (typeof entry !== "string") {
    return entry;
  }
  return entry.includes("=")
    ? Object.fromEntries(entry.split(",").map((field) => field.split(/=(.*)/s, 2)))
    : { [first]: entry };
}

/** What an HCL template would take for its own is printed with a second sign. */
export function unescaped(text: string): string {
  return text.replaceAll("$${", "${").replaceAll("%%{", "%{");
}

function unreadable(why: string, cause?: unknown): VersionedImageError {
  return new VersionedImageError(
    "BakeFailed",
    `The output of \`docker buildx bake --print\` can't be read (${why}). Check it, and upgrade buildx if it is older than 0.10.`,
    { cause },
  );
}
