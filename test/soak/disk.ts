import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import * as path from "node:path";
import { STAGING } from "../../components/context/stagingRoot";

/** Whether this user may mount a small disk. */
export function canMount(): boolean {
  return process.platform === "linux" && process.getuid?.() === 0;
}

/** A small disk over the folder of staged contexts. */
export class StagingDisk {
  private readonly place: string;

  /** Mounts it with room for so many pages of 4 KiB. */
  constructor(directory: string, pages: number) {
    this.place = path.join(directory, STAGING);
    mkdirSync(this.place, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${pages * 4}k`, "soak", this.place]);
  }

  /** Makes room; what was half written stays. */
  enlarge(): void {
    execFileSync("mount", ["-o", "remount,size=64m", this.place]);
  }

  unmount(): void {
    if (existsSync(this.place)) {
      execFileSync("umount", [this.place]);
    }
  }
}
