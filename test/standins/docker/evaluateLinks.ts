import { lstatSync, readlinkSync } from "node:fs";
import * as path from "node:path";

const MOST_LINKS = 255;

/** Where a path leads, as Go finds it: what is relative stays relative. Throws ENOENT where a link leads nowhere. */
export function evaluateLinks(file: string): string {
  let reached = path.isAbsolute(file) ? "/" : "";
  let links = 0;
  const rest = file.split("/");
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    const next = path.join(reached, part);
    if (part === "" || part === ".") {
      continue;
    }
    if (part === ".." || !lstatSync(next).isSymbolicLink()) {
      reached = next;
      continue;
    }
    links++;
    if (links > MOST_LINKS) {
      throw new Error(`too many links in ${file}`);
    }
    const target = readlinkSync(next);
    reached = path.isAbsolute(target) ? "/" : reached;
    rest.unshift(...target.split("/"));
  }
  return path.normalize(reached);
}
