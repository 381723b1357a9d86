export { publishImage } from "./publishImage";
