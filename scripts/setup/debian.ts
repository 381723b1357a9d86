import { existsSync, readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { run, which } from "./run";
import { during, MissingError } from "./say";

const ENV = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };

let updated = false;

/** Whether packages can be installed: as root on Debian. */
export function canInstall(): boolean {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version") && which("apt-get") !== undefined;
}

/** Which Debian this is, for instance debian-12. */
export function release(): string {
  const says = readFileSync("/etc/os-release", "utf8");
  return `debian-${/^VERSION_ID="?([^"\n]+)/m.exec(says)?.[1] ?? "unknown"}`;
}

/** Makes sure of a program that a Debian package has; installs that where this is root on Debian. */
export async function ensureProgram(name: string, debianPackage: string, otherwise: string): Promise<string> {
  const found = which(name);
  if (found) {
    return found;
  }
  if (!canInstall()) {
    throw new MissingError(`${name} is missing: ${otherwise}`);
  }
  await updateLists();
  const args = ["install", "--yes", "--no-install-recommends", debianPackage];
  await during(`Installing Debian's ${debianPackage}, for ${name}`, run("apt-get", args, { env: ENV }));
  const installed = which(name);
  if (!installed) {
    throw new MissingError(`${debianPackage} was installed, but there is no ${name}: ${otherwise}`);
  }
  return installed;
}

/** Gets the files of a Debian package into a folder, without installing it. */
export async function unpackPackage(debianPackage: string, into: string): Promise<void> {
  await updateLists();
  const download = run("apt-get", ["download", debianPackage], { env: ENV, cwd: into });
  await during(`Downloading Debian's ${debianPackage}`, download);
  const file = readdirSync(into).find((name) => name.endsWith(".deb"));
  await run("dpkg-deb", ["--extract", path.join(into, String(file)), into]);
}

async function updateLists(): Promise<void> {
  if (!updated) {
    await during("Reading the lists of Debian's packages", run("apt-get", ["update"], { env: ENV }));
    updated = true;
  }
}
