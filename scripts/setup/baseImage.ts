import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import type Docker from "dockerode";
import { pack } from "tar-fs";
import { canInstall, unpackPackage } from "./debian";
import { which } from "./run";
import { MissingError, say } from "./say";

export const BASE_IMAGE = "busybox:1.36";
const PULL_LIMIT = 20_000;

/** Makes sure that the daemon has the base image of the example: from Docker Hub, else made of Debian's busybox. */
export async function ensureBaseImage(docker: Docker): Promise<void> {
  const images = await docker.listImages({ filters: JSON.stringify({ reference: [BASE_IMAGE] }) });
  if (images.length > 0) {
    return;
  }
  try {
    await pull(docker);
    say(`Pulled ${BASE_IMAGE}, the base of the example image.`);
  } catch (error) {
    const scratch = mkdtempSync(path.join(tmpdir(), "base-"));
    try {
      await importImage(docker, await busyboxInstead(scratch, error as Error), scratch);
    } finally {
      rmSync(scratch, { recursive: true });
    }
    say(`Docker Hub can't be reached: ${BASE_IMAGE}, the base of the example image, is built from Debian's busybox.`);
  }
}

async function busyboxInstead(scratch: string, pullError: Error): Promise<string> {
  try {
    return await staticBusybox(scratch);
  } catch (error) {
    if (error instanceof MissingError) {
      throw new MissingError(
        `${BASE_IMAGE} can't be pulled (${pullError.message}): pull it by hand. ${error.message}.`,
      );
    }
    throw error;
  }
}

/** A busybox that runs without libraries: the machine's own, or that of Debian's package. Throws MissingError where there is none. */
export async function staticBusybox(scratch: string): Promise<string> {
  const found = which("busybox");
  if (found && isStatic(found)) {
    return found;
  }
  if (!canInstall()) {
    throw new MissingError("A static busybox is needed: install Debian's busybox-static");
  }
  const unpacked = path.join(scratch, "package");
  mkdirSync(unpacked);
  await unpackPackage("busybox-static", unpacked);
  return path.join(unpacked, "bin", "busybox");
}

/** Whether a program of 64 bits needs no loader, by the program headers of its ELF file. */
function isStatic(file: string): boolean {
  const elf = readFileSync(file);
  if (elf.subarray(1, 4).toString() !== "ELF" || elf[4] !== 2) {
    return false;
  }
  const [start, size, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(54), elf.readUInt16LE(56)];
  const types = Array.from({ length: count }, (_, index) => elf.readUInt32LE(start + index * size));
  return !types.includes(INTERPRETER);
}

const INTERPRETER = 3;

async function pull(docker: Docker): Promise<void> {
  const stream: NodeJS.ReadableStream = await docker.pull(BASE_IMAGE, { abortSignal: AbortSignal.timeout(PULL_LIMIT) });
  await finished(docker, stream);
}

async function importImage(docker: Docker, busybox: string, scratch: string): Promise<void> {
  const root = path.join(scratch, "root");
  for (const directory of ["bin", "etc", "tmp"]) {
    mkdirSync(path.join(root, directory), { recursive: true });
  }
  copyFileSync(busybox, path.join(root, "bin", "busybox"));
  for (const applet of execFileSync(busybox, ["--list"], { encoding: "utf8" }).trim().split("\n")) {
    if (applet !== "busybox") {
      symlinkSync("busybox", path.join(root, "bin", applet));
    }
  }
  const tar: unknown = pack(root, { map: (header) => ({ ...header, uid: 0, gid: 0, mtime: new Date(0) }) });
  const [repo, tag] = BASE_IMAGE.split(":");
  const changes = ['ENV PATH="/bin"', 'CMD ["sh"]'];
  await finished(docker, await docker.importImage(tar as NodeJS.ReadableStream, { repo, tag, changes }));
}

/** Waits until the daemon is done with what it reports on. */
export function finished(docker: Docker, stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error: Error | null) => (error ? reject(error) : resolve()));
  });
}
