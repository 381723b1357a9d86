export { checkPublished, type Expectation, type PublishedImage } from "./checkPublished";
export { publishImage } from "./publishImage";
