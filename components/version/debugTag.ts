const SUFFIX = "-debug";

/** The tag of a debug image, after its version's digits. */
export function debugTag(digits: string): string {
  return digits + SUFFIX;
}

/** Whether a tag is that of a debug image. */
export function isDebugTag(tag: string): boolean {
  return tag.endsWith(SUFFIX);
}

/**
 * The digits of a tag that names a version, a debug image's too; undefined if it names none. Something may stand before them
 * (`tagPrefix`) where the image itself says that this is its tag.
 */
export function digitsOfTag(tag: string, said?: string): string | undefined {
  const named = isDebugTag(tag) ? tag.slice(0, -SUFFIX.length) : tag;
  const prefix = tag === said ? "(?:.*[^0-9a-f])?" : "";
  return new RegExp(`^${prefix}([0-9a-f]{7,40})$`).exec(named)?.[1];
}
