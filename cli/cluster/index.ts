/** What Kubernetes clusters run, and what their objects name, whichever command asks. */

export { failed } from "./clusterFailed";
export { type Cluster, type ClusterNames, LIMIT, openCluster, openClusters } from "./connection";
export { type ImageId, readImageId, readImageName } from "./imageName";
export { isNamed, type Unread } from "./kinds";
export { type Sought, soughtOf } from "./mentions";
export type { NamedImage, PodImage } from "./podImages";
export { type DeploymentImages, type Running, type RunningImage, readRunning } from "./running";
export { readUses, type Use, type Uses, type UsesQuery, usesOf } from "./uses";
