import { readFileSync } from "node:fs";
import * as path from "node:path";
import { keptVersions } from "../../test/support/kept";
import { ROOT } from "../setup/paths";
import type { Schema } from "./schemaChanges";

/** The interface that other languages see: a test holds it against the component. */
export const SCHEMA = "test/schema/schema.json";

/** The copy of it that a release leaves, for the next one to be compared with. */
export const copyOf = (version: string) => `test/kept/${version}/schema.json`;

export const readSchema = (file: string): Schema => JSON.parse(readFileSync(path.join(ROOT, file), "utf8"));

/** The last version that is kept, up to a version. */
export function lastKept(version: string): string {
  const last = keptVersions()
    .filter((other) => compare(other, version) <= 0)
    .sort(compare)
    .at(-1);
  if (last === undefined) {
    throw new Error(`test/kept has nothing for ${version} or earlier`);
  }
  return last;
}

const compare = (one: string, other: string) => one.localeCompare(other, "en", { numeric: true });
