import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";

/** Files in memory, as Linux has them. */
const MEMORY = "/dev/shm";

/**
 * A new folder for files that are soon deleted again: in memory, where so many bytes are free there and programs may be run from it, else where
 * the system has its temporary files. A disk takes longer to delete a small repository than git takes to make it.
 */
export function shortLivedFolder(prefix: string, bytes: number): string {
  const folder = inMemory(prefix, bytes) ?? mkdtempSync(path.join(tmpdir(), prefix));
  // What root makes there, others can get to: tests read as nobody.
  chmodSync(folder, 0o711);
  return folder;
}

function inMemory(prefix: string, bytes: number): string | undefined {
  let folder: string | undefined;
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    if (bavail * bsize < bytes) {
      return undefined;
    }
    folder = mkdtempSync(path.join(MEMORY, prefix));
    const program = path.join(folder, "program");
    writeFileSync(program, "#!/bin/sh\n", { mode: 0o755 });
    execFileSync(program);
    rmSync(program);
    return folder;
  } catch {
    // There is none, it is not ours to write to, or containers forbid programs in it.
    if (folder !== undefined) {
      rmSync(folder, { recursive: true });
    }
    return undefined;
  }
}
