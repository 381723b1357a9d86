export { VersionedImage } from "../components";
