import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import type Docker from "dockerode";
import { pack } from "tar-fs";
import { ensureProgram } from "./debian";
import { say } from "./say";

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
  } catch {
    const busybox = await ensureProgram("busybox", "busybox-static", `install busybox, or pull ${BASE_IMAGE} by hand.`);
    await importImage(docker, busybox);
    say(`Docker Hub can't be reached: ${BASE_IMAGE}, the base of the example image, is made of Debian's busybox.`);
  }
}

async function pull(docker: Docker): Promise<void> {
  const stream: NodeJS.ReadableStream = await docker.pull(BASE_IMAGE, { abortSignal: AbortSignal.timeout(PULL_LIMIT) });
  await finished(docker, stream);
}

async function importImage(docker: Docker, busybox: string): Promise<void> {
  const root = mkdtempSync(path.join(tmpdir(), "base-"));
  try {
    for (const directory of ["bin", "etc", "tmp"]) {
      mkdirSync(path.join(root, directory));
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
  } finally {
    rmSync(root, { recursive: true });
  }
}

function finished(docker: Docker, stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error: Error | null) => (error ? reject(error) : resolve()));
  });
}
