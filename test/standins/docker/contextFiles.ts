import { existsSync, readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import ignore from "@balena/dockerignore";

/** What of a context Docker would be sent: the files and links that its ignore file leaves. */
export function contextFiles(context: string, dockerfile: string): string[] {
  const ignoreFile = [`${dockerfile}.dockerignore`, path.join(context, ".dockerignore")].find((file) =>
    existsSync(file),
  );
  const matcher = ignore().add(ignoreFile ? readFileSync(ignoreFile, "utf8") : "");
  return readdirSync(context, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(context, path.join(entry.parentPath, entry.name)))
    .filter((name) => !matcher.ignores(name))
    .sort();
}
