import { mkdir, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { run } from "../setup/run";
import { packageRegistry } from "./packageRegistry";

export interface Published {
  url: string;
  /** What a project's `.npmrc` says to install from the registry. */
  npmrc: string;
  close(): void;
}

/** Publishes a tarball to a registry of packages on this machine, as the release does. */
export async function publish(name: string, tarball: string, scratch: string): Promise<Published> {
  const others = (await run("npm", ["config", "get", "registry"])).trim();
  const { url, close } = await packageRegistry(name, others);
  // npm publishes nothing where nobody is logged in.
  const npmrc = `registry=${url}\n//${new URL(url).host}/:_authToken=nobody\n`;
  try {
    const folder = path.join(scratch, "publisher");
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, ".npmrc"), npmrc);
    await run("npm", ["publish", tarball, "--access", "public"], { cwd: folder });
    return { url, npmrc, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** How packages are installed that are tried and thrown away. */
export const INSTALL = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
