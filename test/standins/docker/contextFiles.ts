import { existsSync, readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { type IgnoreRule, ignoreRule, type Match } from "./ignorePatterns";

/** A file, a link or a directory of a context. */
export interface Entry {
  /** Relative to the context. */
  name: string;
  ignored: boolean;
  /** What is in a directory; undefined for a file. */
  entries: Entry[] | undefined;
}

/** All that is in a context, in the order of names' bytes, by the ignore file that counts for the Dockerfile. */
export function readContext(context: string, dockerfile: string): Entry[] {
  const candidates = [`${dockerfile}.dockerignore`, path.join(context, ".dockerignore")];
  const file = candidates.find((candidate) => existsSync(candidate));
  const rule = ignoreRule(file === undefined ? "" : readFileSync(file, "utf8"));
  return readEntries(context, "", rule, undefined);
}

function readEntries(context: string, directory: string, rule: IgnoreRule, parent: Match | undefined): Entry[] {
  return readdirSync(path.join(context, directory), { withFileTypes: true })
    .sort((one, other) => Buffer.compare(Buffer.from(one.name), Buffer.from(other.name)))
    .map((entry) => {
      const name = path.join(directory, entry.name);
      const match = rule(name, parent);
      const entries = entry.isDirectory() ? readEntries(context, name, rule, match) : undefined;
      return { name, ignored: match.ignored, entries };
    });
}
