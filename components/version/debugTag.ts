const SUFFIX = "-debug";

/** The tag of a debug image, after its version's digits. */
export function debugTag(digits: string): string {
  return digits + SUFFIX;
}

/** Whether a tag is that of a debug image. */
export function isDebugTag(tag: string): boolean {
  return tag.endsWith(SUFFIX);
}

/** The digits of a tag that names a version, a debug image's too; undefined if it names none. */
export function digitsOfTag(tag: string): string | undefined {
  const digits = isDebugTag(tag) ? tag.slice(0, -SUFFIX.length) : tag;
  return /^[0-9a-f]{7,40}$/.test(digits) ? digits : undefined;
}
