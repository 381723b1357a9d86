import { readFileSync } from "node:fs";
import * as path from "node:path";

/** The version of the provider whose SDK the project uses, and that is stood in for. */
export function providerVersion(name: string): string {
  const file = path.join(__dirname, "../../node_modules/@pulumi", name, "package.json");
  return JSON.parse(readFileSync(file, "utf8")).version;
}
