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

/** A page of a list, as an API server gives it. */
export interface Page<T> {
  items: T[];
  metadata?: { _continue?: string };
}

/** Asks for a page: the first one, or the one that the page before names. What it makes of the objects is all that is held. */
type AskPage<T> = (page: { limit: number; _continue: string | undefined }) => Promise<Page<T>>;

/** How many objects a page has at most: a large cluster's list would not come within the limit of one request. */
export const PAGE = 500;

/** How often a list is begun that changes too much before its end. */
const STARTS = 3;
/** How often a page is asked for of a server that is too busy. */
const TRIES = 5;

const GONE = 410;
const TOO_MANY_REQUESTS = 429;

/**
 * A whole list, page by page, or an error: never a part of it. Where the server has forgotten the list that the pages are of, it is read
 * from the beginning, up to 3 times; a server that is too busy is asked up to 5 times for a page, after the pause that it asks for,
 * if that is 10 seconds at most. Throws what asking throws.
 */
async function wholeList<T>(ask: AskPage<T>): Promise<T[]> {
  for (let start = 1; ; start++) {
    try {
      return await readPages(ask);
    } catch (error) {
      if (answerOf(error).code !== GONE || start === STARTS) {
        throw error;
      }
    }
  }
}

async function readPages<T>(ask: AskPage<T>): Promise<T[]> {
  const found: T[] = [];
  const seen = new Set<string>();
  let next: string | undefined;
  do {
    const { items, metadata } = await askPatiently(ask, next);
    for (const item of items) {
      found.push(item);
    }
    next = metadata?._continue || undefined;
    if (next !== undefined && seen.has(next)) {
      throw new Error("the list has no end: a page names one that came before it");
    }
    seen.add(next ?? "");
  } while (next !== undefined);
  return found;
}

async function askPatiently<T>(ask: AskPage<T>, next: string | undefined): Promise<Page<T>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask({ limit: PAGE, _continue: next });
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
    if ((error as { code?: unknown }).code === NOT_FOUND) {
      throw clusterFailed(
        `The cluster ${cluster.name} has no namespace ${namespace}: name one that it has (kubectl get namespaces).`,
        error,
      );
    }
    throw failed(
      `${cluster.server} lists nothing in the namespace ${namespace}, and did not say whether there is one`,
      error,
      limit,
    );
  }
}
