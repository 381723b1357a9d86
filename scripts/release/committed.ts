import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { ROOT } from "../setup/paths";
import type { Names } from "./names";
import { FOLDER, pluginFiles } from "./plugin";

/**
 * The plugin that a release's commit has for its git address, by the files' paths. None until the npm package's name is ours: it would install
 * somebody else's.
 */
async function ownFiles(names: Names, version: string): Promise<Record<string, string>> {
  const plugin = names.packageIsOurs ? Object.entries(await pluginFiles(names, version)) : [];
  return Object.fromEntries(plugin.map(([name, text]) => [`${FOLDER}/${name}`, text]));
}

/** Those that are missing or that have another content. */
export async function outdated(names: Names, version: string): Promise<string[]> {
  const files = Object.entries(await ownFiles(names, version));
  const differ = await Promise.all(
    files.map(async ([name, text]) => {
      const file = path.join(ROOT, name);
      return !existsSync(file) || (await readFile(file, "utf8")) !== text;
    }),
  );
  return files.flatMap(([name], index) => (differ[index] ? [name] : []));
}

/** Writes them all. */
export async function writeOwnFiles(names: Names, version: string): Promise<void> {
  const files = Object.entries(await ownFiles(names, version));
  await Promise.all(files.map(([name, text]) => writeFile(path.join(ROOT, name), text)));
}
