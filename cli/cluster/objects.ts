import { fieldsOf } from "../../components/registry";
import { ask } from "./ask";
import { type Cluster, LIMIT } from "./connection";
import type { Kind } from "./kinds";
import { wholeList } from "./pages";

/** Where the lists of a kind are. */
export type Listed = Pick<Kind, "base" | "resource" | "namespaced">;

export const PODS: Listed = { base: "/api/v1", resource: "pods", namespaced: true };
export const DEPLOYMENTS: Listed = { base: "/apis/apps/v1", resource: "deployments", namespaced: true };
export const REPLICA_SETS: Listed = { base: "/apis/apps/v1", resource: "replicasets", namespaced: true };

/**
 * Reads each object of a kind, of one namespace or of all, and keeps what `read` makes of it: of a large cluster no more than a page
 * is held. `limit` is for a page, in milliseconds. Throws what asking throws, also where the answer is no list.
 */
export async function readObjects<T>(
  cluster: Cluster,
  { base, resource, namespaced }: Listed,
  namespace: string | undefined,
  read: (object: Record<string, unknown>) => T[],
  limit = LIMIT,
): Promise<T[]> {
  const path =
    namespaced && namespace !== undefined
      ? `${base}/namespaces/${encodeURIComponent(namespace)}/${resource}`
      : `${base}/${resource}`;
  return wholeList(async ({ limit: size, _continue }) => {
    const { items, metadata } = fieldsOf(await ask(cluster, path, { continue: _continue, limit: String(size) }, limit));
    const next = fieldsOf(metadata).continue;
    if (!Array.isArray(items) || !(next === undefined || next === null || typeof next === "string")) {
      throw new Error(`${path} is answered with something else than a list`);
    }
    return { items: items.flatMap((item) => read(objectOf(item, path))), metadata: { _continue: next ?? undefined } };
  });
}

function objectOf(item: unknown, path: string): Record<string, unknown> {
  if (typeof item !== "object" || item === null || Array.isArray(item)) {
    throw new Error(`${path} lists what is no object`);
  }
  return fieldsOf(item);
}
