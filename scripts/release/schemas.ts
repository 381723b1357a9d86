import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { ROOT } from "../setup/paths";
import type { Schema } from "./schemaChanges";

/** The interface that other languages see: a test holds it against the component. */
export const SCHEMA = "test/schema/schema.json";

/** The copy of it that a release leaves, for the next one to be compared with. */
export const copyOf = (version: string) => `release/schema-${version}.json`;

export const readSchema = (file: string): Schema => JSON.parse(readFileSync(path.join(ROOT, file), "utf8"));

/** The last release before a version. Undefined before the first one. */
export function releaseBefore(version: string): string | undefined {
  return readdirSync(path.join(ROOT, "release"))
    .flatMap((file) => /^schema-(\d+\.\d+\.\d+)\.json$/.exec(file)?.[1] ?? [])
    .filter((other) => compare(other, version) < 0)
    .sort(compare)
    .at(-1);
}

const compare = (one: string, other: string) => one.localeCompare(other, "en", { numeric: true });
