const SUFFIX = "-debug";

/** The tag of a debug image, after its version's digits. */
export function debugTag(digits: string): string {
  return digits + SUFFIX;
}

/** The tag of the production version of the commit that a debug image's tag names, too; of any other tag, itself. */
export function productionTag(tag: string): string {
  return isDebugTag(tag) ? tag.slice(0, -SUFFIX.length) : tag;
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
  const named = productionTag(tag);
  const prefix = tag === said ? "(?:.*[^0-9a-f])?" : "";
  return new RegExp(`^${prefix}([0-9a-f]{7,40})$`).exec(named)?.[1];
}
