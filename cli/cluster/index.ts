export { type Cluster, type ClusterNames, failed, LIMIT, limitedTo, openCluster, openClusters } from "./connection";
export { type ImageId, readImageId, readImageName } from "./imageName";
export { type Page, wholeList } from "./pages";
