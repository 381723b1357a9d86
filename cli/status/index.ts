import { writeFile } from "node:fs/promises";
import { type Io, printJson, type Status } from "../output";
import { statusHtml } from "./html";
import { statusJson } from "./json";
import { readStatus, type StatusFlags } from "./readStatus";
import { statusText } from "./text";

export type { StatusFlags };

/**
 * Shows what runs where. The answer is no if one of the images differs or is not consistent, or if anything of their repositories can't be
 * looked at or says nothing of its origin.
 */
export async function status(contexts: string[], flags: StatusFlags, io: Io): Promise<Status> {
  const report = await readStatus(contexts, flags, io);
  if (flags.html !== undefined) {
    await writeFile(flags.html, statusHtml(report, io.now()));
  }
  if (flags.json) {
    printJson(io, statusJson(report));
  } else {
    io.out(statusText(report, io));
  }
  const running = report.images.flatMap((image) => image.running);
  const isFine = running.every(({ consistent, differing }) => consistent && differing.length === 0);
  return isFine && report.others.every(({ suspect }) => !suspect) ? 0 : 1;
}
