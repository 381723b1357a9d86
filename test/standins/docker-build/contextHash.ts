import { createHash, type Hash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import * as path from "node:path";
import type { Image } from "./image";

/** What a build is given, as the real one hashes it: the Dockerfile, the context and the named contexts that are directories. A .dockerignore is not heeded. */
export function contextHash({ context, dockerfile }: Image): string {
  const hash = createHash("sha256");
  if (dockerfile?.location && existsSync(dockerfile.location)) {
    hash.update(readFileSync(dockerfile.location));
  }
  const named = Object.entries(context?.named ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const location of [context?.location ?? "", ...named.map(([, each]) => each.location)]) {
    if (existsSync(location) && statSync(location).isDirectory()) {
      hashFiles(hash, location);
    }
  }
  return hash.digest("hex");
}

function hashFiles(hash: Hash, root: string): void {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => path.join(entry.parentPath, entry.name));
  for (const file of files.sort()) {
    // A link is read through, and one to nowhere can't be.
    if (!statSync(file).isDirectory()) {
      hash.update(readFileSync(file)).update(path.relative(root, file)).update(modeOf(file));
    }
  }
}

/** As Go writes it, for instance -rw-r--r--. */
function modeOf(file: string): string {
  const stats = lstatSync(file);
  const bits = [...(stats.mode & 0o777).toString(2).padStart(9, "0")];
  return (
    (stats.isSymbolicLink() ? "L" : "-") + bits.map((bit, index) => (bit === "1" ? "rwx"[index % 3] : "-")).join("")
  );
}
