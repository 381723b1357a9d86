import { protocol } from "./failure";
import type { Answer } from "./request";

/**
 * The JSON object that an answer holds, to be written again: numbers are kept as they are written, since a health check's nanoseconds
 * may be more than a number of JavaScript holds. Throws RegistryProtocol if it holds none.
 */
export function exactObjectIn({ body, origin }: Answer): Record<string, unknown> {
  let value: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
    value = JSON.parse(text, keepNumber);
  } catch (error) {
    // What the parser says quotes the content, and may be long.
    const what = error instanceof RangeError ? "JSON that is nested too deep" : "not a JSON object in UTF-8";
    throw protocol(origin, `it is ${what}`);
  }
  if (!isObject(value)) {
    throw protocol(origin, "it is not a JSON object");
  }
  return value;
}

function keepNumber(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  const { source } = context ?? {};
  return typeof value === "number" && source !== undefined && String(value) !== source ? rawJSON(source) : value;
}

/** The bytes of what was read by `exactObjectIn`. */
export function exactBytes(value: Record<string, unknown>): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** An object's field that is itself an object; empty if it is anything else. */
export function fieldsOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

/** Whether a value of JSON is an object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isRawJSON(value);
}

/** What Node.js has of JSON that TypeScript's library does not know yet: a number as it is written. */
export const { rawJSON, isRawJSON } = JSON as typeof JSON & {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
};
