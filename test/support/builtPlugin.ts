import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { run } from "../../scripts/setup/run";

const ROOT = path.resolve(__dirname, "../..");
const SOURCES = ["package.json", "tsconfig.json", "tsconfig.build.json", "components", "cli", "plugin"];

export interface BuiltPlugin {
  /** For `pulumi package add`. */
  directory: string;
  dispose(): void;
}

/**
 * The plugin with its library compiled, as it is in a clone after its installation. Not in this folder, whose packages and
 * compiled files other tests use.
 */
export async function buildPlugin(): Promise<BuiltPlugin> {
  const clone = mkdtempSync(path.join(tmpdir(), "plugin-"));
  for (const name of SOURCES) {
    cpSync(path.join(ROOT, name), path.join(clone, name), { recursive: true });
  }
  symlinkSync(path.join(ROOT, "node_modules"), path.join(clone, "node_modules"));
  await run(process.execPath, [require.resolve("typescript/bin/tsc"), "-p", path.join(clone, "tsconfig.build.json")]);
  return { directory: path.join(clone, "plugin"), dispose: () => rmSync(clone, { recursive: true }) };
}
