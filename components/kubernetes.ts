export { ImageDeployment, type ImageDeploymentArgs } from "./kubernetes/imageDeployment";
