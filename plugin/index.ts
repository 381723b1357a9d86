// What Pulumi makes the schema from; what runs is index.js.
export { VersionedImage } from "../components";
