import { mkdir, readdir, symlink } from "node:fs/promises";
import * as path from "node:path";
import { ROOT } from "../setup/paths";
import { run } from "../setup/run";

/** Packs a clone of the project into a folder that is not there yet, as `npm publish` does, and returns the tarball's path. */
export async function pack(clone: string, destination: string, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  await mkdir(destination);
  await run("npm", ["pack", "--pack-destination", destination], { cwd: clone, env });
  return path.join(destination, ...(await readdir(destination)));
}

/** Clones the commit that is checked out, and lends the clone the packages that are installed here. */
export async function cloneTo(folder: string): Promise<string> {
  await run("git", ["clone", "--quiet", ROOT, folder]);
  await symlink(path.join(ROOT, "node_modules"), path.join(folder, "node_modules"));
  return folder;
}

/** Throws an error where publint finds anything in a tarball. */
export async function publint(tarball: string): Promise<void> {
  await run(process.execPath, [bin("publint"), "run", tarball, "--strict"], { cwd: ROOT });
}

/** Throws an error where a tarball's types do not resolve as its modules do. Resolution as before Node 12 knows no exports. */
export async function attw(tarball: string): Promise<void> {
  await run(process.execPath, [bin("attw"), tarball, "--profile", "node16"], { cwd: ROOT });
}

const bin = (name: string) => path.join(ROOT, "node_modules", ".bin", name);
