import { createHash, type Hash } from "node:crypto";
import { lstatSync, readFileSync, type Stats } from "node:fs";
import * as path from "node:path";
import { type Entry, readContext } from "./contextFiles";
import { evaluateLinks } from "./evaluateLinks";

/** A hash of a context as the real provider makes one: names, modes and content, so that a clone's umask changes it. */
export function contextDigest(context: string, dockerfile: string): string {
  const digest = createHash("sha256");
  add(digest, "Dockerfile", "----------", readFileSync(dockerfile));
  addEntries(digest, context, readContext(context, dockerfile));
  return digest.digest("hex");
}

function addEntries(digest: Hash, context: string, all: Entry[]): void {
  for (const { name, ignored, entries } of all) {
    if (entries) {
      addEntries(digest, context, entries);
    } else if (!ignored && !addFile(digest, path.join(context, name), name)) {
      return;
    }
  }
}

/** False for a link to nowhere: with it, the real provider leaves out all that comes after it in its directory. */
function addFile(digest: Hash, file: string, name: string): boolean {
  const stats = lstatSync(file);
  let content: Buffer | string = "";
  try {
    if (stats.isSymbolicLink()) {
      content = evaluateLinks(file);
    } else if (stats.isFile()) {
      content = readFileSync(file);
    }
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) {
      return false;
    }
    throw error;
  }
  add(digest, name, modeOf(stats), content);
  return true;
}

function add(digest: Hash, name: string, mode: string, content: Buffer | string): void {
  digest.update(name).update(mode).update(createHash("sha256").update(content).digest()).update("\0");
}

/** As Go prints a mode. */
function modeOf(stats: Stats): string {
  const flags: [letter: string, isSet: boolean][] = [
    ["L", stats.isSymbolicLink()],
    ["p", stats.isFIFO()],
    ["u", (stats.mode & 0o4000) !== 0],
    ["g", (stats.mode & 0o2000) !== 0],
    ["t", (stats.mode & 0o1000) !== 0],
  ];
  const letters = flags.filter(([, isSet]) => isSet).map(([letter]) => letter);
  const permissions = [..."rwxrwxrwx"].map((letter, index) => (stats.mode & (0o400 >> index) ? letter : "-"));
  return [letters.join("") || "-", ...permissions].join("");
}
