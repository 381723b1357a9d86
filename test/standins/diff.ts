import { isDeepStrictEqual } from "node:util";
import { isObject, type Properties } from "./properties";

export type Kind = "ADD" | "DELETE" | "UPDATE" | "ADD_REPLACE" | "DELETE_REPLACE" | "UPDATE_REPLACE";

/** What became of the properties that differ, by their names. */
export function differences(olds: Properties, news: Properties): Record<string, Kind> {
  const names = [...new Set([...Object.keys(olds), ...Object.keys(news)])].sort();
  const changed = names.filter((name) => !isDeepStrictEqual(olds[name], news[name]));
  return Object.fromEntries(changed.map((name) => [name, kindOf(olds[name], news[name])]));
}

function kindOf(before: unknown, after: unknown): Kind {
  if (before === undefined) {
    return "ADD";
  }
  return after === undefined ? "DELETE" : "UPDATE";
}

/** The same, by the paths of what differs, such as spec.containers[0].image. */
export function deepDifferences(before: unknown, after: unknown, at = ""): Record<string, Kind> {
  if (isDeepStrictEqual(before, after)) {
    return {};
  }
  if (isObject(before) && isObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return merged(names.map((name) => deepDifferences(before[name], after[name], at ? `${at}.${name}` : name)));
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return merged(before.map((each, index) => deepDifferences(each, after[index], `${at}[${index}]`)));
  }
  return { [at]: kindOf(before, after) };
}

function merged(parts: Record<string, Kind>[]): Record<string, Kind> {
  return Object.assign({}, ...parts);
}
