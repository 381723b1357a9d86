import { chmod, symlink } from "node:fs/promises";
import * as path from "node:path";
import { build, type Plugin } from "esbuild";
import { ROOT } from "../setup/paths";
import { PACKAGE, writeFiles } from "./plugin";

/** What the engine starts. It looks for this name in what it has downloaded. */
export const EXECUTABLE = `pulumi-resource-${PACKAGE}`;

/**
 * Makes one file of the plugin and all that it needs, which a Node.js runs, so that whoever downloads it installs nothing. Of the
 * package it takes what is compiled in a clone, of others the versions that the project is tested with.
 */
export async function bundle(files: Record<string, string>, clone: string, folder: string): Promise<string> {
  await writeFiles(files, folder);
  await symlink(path.join(ROOT, "node_modules"), path.join(folder, "node_modules"));
  const outfile = path.join(folder, EXECUTABLE);
  await build({
    absWorkingDir: folder,
    entryPoints: ["index.js"],
    outfile,
    bundle: true,
    platform: "node",
    target: "node22",
    alias: { [PACKAGE]: path.join(clone, "dist", "components", "index.js") },
    plugins: [WITHOUT_COMPILER],
    banner: { js: "#!/usr/bin/env node" },
    // Short identifiers also leave out the paths of the files. What functions and classes are called stays: errors show it.
    minify: true,
    keepNames: true,
    legalComments: "inline",
    logLevel: "error",
  });
  await chmod(outfile, 0o755);
  return outfile;
}

/** Pulumi's SDK has a compiler for programs in TypeScript and for functions that become resources. A plugin has neither. */
const WITHOUT_COMPILER: Plugin = {
  name: "without-compiler",
  setup(build) {
    build.onResolve({ filter: /\/typescript-shim$/ }, () => ({ path: "none", namespace: "none" }));
    build.onLoad({ filter: /^/, namespace: "none" }, () => ({ contents: "" }));
  },
};
