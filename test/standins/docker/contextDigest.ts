import { createHash, type Hash } from "node:crypto";
import { lstatSync, readFileSync, realpathSync } from "node:fs";
import * as path from "node:path";
import { contextFiles } from "./contextFiles";

/** A hash of a context as the real provider makes one: names, modes and content, so that a clone's umask changes it. */
export function contextDigest(context: string, dockerfile: string): string {
  const digest = createHash("sha256");
  add(digest, dockerfile, "Dockerfile", "----------");
  for (const name of contextFiles(context, dockerfile)) {
    const file = path.join(context, name);
    add(digest, file, name, modeOf(file));
  }
  return digest.digest("hex");
}

function add(digest: Hash, file: string, name: string, mode: string): void {
  const content = mode.startsWith("L") ? realpathSync(file) : readFileSync(file);
  digest.update(name).update(mode).update(createHash("sha256").update(content).digest()).update("\0");
}

/** As Go prints a mode. */
function modeOf(file: string): string {
  const stats = lstatSync(file);
  const bits = [..."rwxrwxrwx"].map((bit, index) => (stats.mode & (1 << (8 - index)) ? bit : "-")).join("");
  return (stats.isSymbolicLink() ? "L" : "-") + bits;
}
