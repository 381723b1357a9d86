import { isDeepStrictEqual } from "node:util";
import type { Properties } from "./plugin";

/** The names of the properties that differ; null is as good as absent. */
export function changedProperties(olds: Properties, news: Properties): string[] {
  const names = new Set([...Object.keys(olds), ...Object.keys(news)]);
  return [...names].filter((name) => !isDeepStrictEqual(withoutNulls(olds[name]), withoutNulls(news[name]))).sort();
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(withoutNulls);
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined);
    return Object.fromEntries(entries.map(([key, inner]) => [key, withoutNulls(inner)]));
  }
  return value ?? undefined;
}
