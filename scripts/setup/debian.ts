import { existsSync } from "node:fs";
import { run, which } from "./run";
import { during, MissingError } from "./say";

let updated = false;

/** Makes sure of a program that a Debian package has; installs that where this is root on Debian. */
export async function ensureProgram(name: string, debianPackage: string, otherwise: string): Promise<string> {
  const found = which(name);
  if (found) {
    return found;
  }
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version") || !which("apt-get")) {
    throw new MissingError(`${name} is missing: ${otherwise}`);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  if (!updated) {
    await during("Reading the lists of Debian's packages", run("apt-get", ["update"], { env }));
    updated = true;
  }
  const args = ["install", "--yes", "--no-install-recommends", debianPackage];
  await during(`Installing Debian's ${debianPackage}, for ${name}`, run("apt-get", args, { env }));
  const installed = which(name);
  if (!installed) {
    throw new MissingError(`${debianPackage} was installed, but there is no ${name}: ${otherwise}`);
  }
  return installed;
}
