import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";

export type Properties = Record<string, unknown>;

/** What stands in the place of a value that a preview can't know. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** A value that the engine encrypts in its state. */
export function secret(value: unknown): Properties {
  return { [SIGNATURE]: SECRET, value };
}

/** What a value is, without the marks of secrets in it. */
export function unsecret(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(unsecret);
  }
  if (!isObject(value)) {
    return value;
  }
  if (value[SIGNATURE] === SECRET) {
    return unsecret(value.value);
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unsecret(inner)]));
}

/** A value without what is null in it, which is as good as absent. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.filter((inner) => inner !== null).map(withoutNulls);
  }
  if (!isObject(value)) {
    return value;
  }
  const entries = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutNulls(inner)]));
}

export function hasUnknowns(value: unknown): boolean {
  if (Array.isArray(value) || isObject(value)) {
    return Object.values(value).some(hasUnknowns);
  }
  return value === UNKNOWN;
}

export function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function unpack(struct: Struct | undefined): Properties {
  return withoutNulls(unsecret(struct?.toJavaScript() ?? {})) as Properties;
}

export function pack(properties: Properties): Struct {
  return Struct.fromJavaScript(withoutNulls(properties) as Record<string, JavaScriptValue>);
}
