export { ImageRepository, type ImageRepositoryArgs } from "./gcp/imageRepository";
export { gcpRegistryAuth } from "./gcp/registryAuth";
