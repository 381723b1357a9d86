import { setTimeout as sleep } from "node:timers/promises";
import { fieldsOf, pauseBefore } from "../../components/registry";
import { clusterFailed, failed } from "./clusterFailed";
import { ask, type Cluster, LIMIT } from "./connection";
import type { Kind } from "./kinds";

/** Where the lists of a kind are. */
export type Listed = Pick<Kind, "base" | "resource" | "namespaced">;

export const PODS: Listed = { base: "/api/v1", resource: "pods", namespaced: true };
export const DEPLOYMENTS: Listed = { base: "/apis/apps/v1", resource: "deployments", namespaced: true };
export const REPLICA_SETS: Listed = { base: "/apis/apps/v1", resource: "replicasets", namespaced: true };

/** How many objects a page has at most: a large cluster's list would not come within the limit of one request. */
const PAGE = 500;
/** How often a list is begun that changes too much before its end. */
const STARTS = 3;
/** How often a page is asked for of a server that is too busy. */
const TRIES = 5;

const GONE = 410;
const TOO_MANY_REQUESTS = 429;

/**
 * Reads each object of a kind, of one namespace or of all, and keeps what `read` makes of it: of a large cluster no more than a page
 * is held. Gives a whole list or an error, never a part of it: where the server has forgotten the list that the pages are of, it is read
 * from the beginning, up to 3 times. `limit` is for a page, in milliseconds. Throws what asking throws, also where the answer is no list.
 */
export async function readObjects<T>(
  cluster: Cluster,
  { base, resource, namespaced }: Listed,
  namespace: string | undefined,
  read: (object: Record<string, unknown>) => T[],
  limit = LIMIT,
): Promise<T[]> {
  const within = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  for (let start = 1; ; start++) {
    try {
      return await readPages(cluster, `${base}${within}/${resource}`, read, limit);
    } catch (error) {
      if (answerOf(error).code !== GONE || start === STARTS) {
        throw error;
      }
    }
  }
}

async function readPages<T>(
  cluster: Cluster,
  path: string,
  read: (object: Record<string, unknown>) => T[],
  limit: number,
): Promise<T[]> {
  const found: T[] = [];
  const seen = new Set<unknown>();
  for (let next: unknown; ; ) {
    const query = { continue: next as string | undefined, limit: String(PAGE) };
    const { items, metadata } = fieldsOf(await askPatiently(() => ask(cluster, path, query, limit)));
    next = fieldsOf(metadata).continue ?? "";
    if (!Array.isArray(items) || typeof next !== "string") {
      throw new Error(`the answer to ${path} is not a list`);
    }
    for (const item of items) {
      if (fieldsOf(item) !== item) {
        throw new Error(`the list ${path} has an entry that is not an object`);
      }
      found.push(...read(item));
    }
    if (next === "") {
      return found;
    }
    if (seen.has(next)) {
      throw new Error("the list does not end: a page leads back to an earlier one");
    }
    seen.add(next);
  }
}

/** A server that is too busy is asked up to 5 times, after the pause that it asks for, if that is 10 seconds at most. */
async function askPatiently<T>(asked: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await asked();
    } catch (error) {
      const { code, headers } = answerOf(error);
      const isBusy = code === TOO_MANY_REQUESTS && attempt < TRIES;
      const pause = isBusy ? pauseBefore(attempt + 1, headers?.["retry-after"] ?? null, new Date()) : undefined;
      if (pause === undefined) {
        throw error;
      }
      await sleep(pause * 1000);
    }
  }
}

/** What the client's errors say of the server's answer, if there was one. */
function answerOf(error: unknown): { code?: unknown; headers?: Record<string, string | undefined> } {
  return error as { code?: unknown; headers?: Record<string, string | undefined> };
}

const NOT_FOUND = 404;

/**
 * To be asked of a namespace in which nothing was listed: of one that a cluster does not have, it lists nothing as well. Throws ClusterFailed
 * where there is none, or that can't be told.
 */
export async function refuseUnknown(cluster: Cluster, namespace: string, limit: number): Promise<void> {
  try {
    await ask(cluster, `/api/v1/namespaces/${encodeURIComponent(namespace)}`, {}, limit);
  } catch (error) {
    if (answerOf(error).code === NOT_FOUND) {
      throw clusterFailed(
        `The cluster ${cluster.name} has no namespace ${namespace}. Name an existing one (kubectl get namespaces).`,
        error,
      );
    }
    throw failed(
      `${cluster.server} lists nothing in the namespace ${namespace}, and did not say whether it exists`,
      error,
      limit,
    );
  }
}
