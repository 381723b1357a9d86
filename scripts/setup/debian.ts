import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { exclusively } from "./exclusively";
import { CACHE } from "./paths";
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

/** One after the other: apt-get refuses to run twice at a time. */
let installing: Promise<unknown> = Promise.resolve();

/** Makes sure of a program that a Debian package has; installs that where this is root on Debian. */
export function ensureProgram(name: string, debianPackage: string, otherwise: string): Promise<string> {
  const program = installing.then(() => installProgram(name, debianPackage, otherwise));
  installing = program.catch(() => {});
  return program;
}

async function installProgram(name: string, debianPackage: string, otherwise: string): Promise<string> {
  const found = which(name);
  if (found) {
    return found;
  }
  if (!canInstall()) {
    throw new MissingError(`${name} is missing: ${otherwise}`);
  }
  await updateLists();
  const what = `Installing Debian's ${debianPackage}, for ${name}`;
  await change(what, ["install", "--yes", "--no-install-recommends", debianPackage]);
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

/** Gets the files of packages of another suite into a folder, with lists of packages that are apart from the machine's own. */
export async function unpackFromSuite(suite: string, packages: string[], into: string): Promise<void> {
  if (!canInstall()) {
    throw new MissingError(`packages of Debian's ${suite} are only available to root on Debian`);
  }
  const home = path.join(into, "apt");
  const [lists, files, sources] = ["lists", "files", "sources.list"].map((name) => path.join(home, name)) as [
    string,
    string,
    string,
  ];
  await Promise.all([lists, files].map((folder) => mkdir(folder, { recursive: true })));
  await writeFile(sources, `deb [signed-by=${KEYRING}] ${await mirror()} ${suite} main\n`);
  const own = Object.entries({
    "Dir::Etc::sourcelist": sources,
    "Dir::Etc::sourceparts": "-",
    "Dir::State::lists": lists,
    "Dir::Cache": home,
    "APT::Sandbox::User": "root",
  }).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const options = { env: ENV, cwd: files, timeout: DOWNLOAD_LIMIT };
  const get = run("apt-get", [...own, "update"], options).then(() =>
    run("apt-get", [...own, "download", ...packages], options),
  );
  await during(`Downloading ${packages.join(" and ")} of Debian's ${suite}`, get).catch((error: Error) => {
    throw new MissingError(`Debian's ${suite} can't be downloaded (${error.message})`);
  });
  for (const name of readdirSync(files)) {
    await run("dpkg-deb", ["--extract", path.join(files, name), into]);
  }
}

/** In milliseconds. */
const DOWNLOAD_LIMIT = 300_000;
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Where this machine gets Debian's packages from. */
async function mirror(): Promise<string> {
  const listed = await run("apt-get", ["indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages"]);
  const [, address] = /^Debian (\S+)$/m.exec(listed) ?? [];
  if (address === undefined) {
    throw new MissingError("no source of this machine's packages is Debian's own");
  }
  return address;
}

async function updateLists(): Promise<void> {
  if (!updated) {
    await change("Reading the lists of Debian's packages", ["update"]);
    updated = true;
  }
}

/** Runs apt-get, while no other run of this project does: it gives up where another one holds its locks. */
async function change(what: string, args: string[]): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  await exclusively(path.join(CACHE, "apt.lock"), what, () => during(what, run("apt-get", args, { env: ENV })));
}
