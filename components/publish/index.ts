/** Pulumi's side of a publication: an image's resources, the record in the stack's state, and what is said of it. */

export { type MockedImage, mockImages } from "./mockedImages";
export { publishImage } from "./publishImage";
