/** How an image is copied from one repository to another, digest for digest, with what refers to it. */
export { type CopiedImage, copyImage, type ImageCopying, type ToCopy } from "./copyImage";
export type { Place } from "./graph";
