import { VersionedImageError } from "../../components/errors";
import { ask } from "./ask";
import { type Cluster, failed } from "./connection";

const NOT_FOUND = 404;

/**
 * To be asked of a namespace in which nothing was listed: of one that a cluster does not have, it lists nothing as well. Throws ClusterFailed
 * where there is none, or that can't be told.
 */
export async function refuseUnknown(cluster: Cluster, namespace: string, limit: number): Promise<void> {
  try {
    await ask(cluster, `/api/v1/namespaces/${encodeURIComponent(namespace)}`, {}, limit);
  } catch (error) {
    if ((error as { code?: unknown }).code === NOT_FOUND) {
      throw new VersionedImageError(
        "ClusterFailed",
        `The cluster ${cluster.name} has no namespace ${namespace}: name one that it has (kubectl get namespaces).`,
        { cause: error },
      );
    }
    throw failed(
      `${cluster.server} lists nothing in the namespace ${namespace}, and did not say whether there is one`,
      error,
      limit,
    );
  }
}
