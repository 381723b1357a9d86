import { writeFile } from "node:fs/promises";
import { commitJson, type Io, printResult, type Status } from "../output";
import { statusHtml } from "./html";
import { readStatus, type StatusFlags } from "./readStatus";
import type { StatusReport } from "./report";
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
  printResult(io, flags.json, report, statusJson, (shown) => statusText(shown, io));
  const running = report.images.flatMap((image) => image.running);
  const isFine = running.every(({ consistent, differing }) => consistent && differing.length === 0);
  return isFine && report.others.every(({ suspect }) => !suspect) ? 0 : 1;
}

function statusJson({ root, branch, places, images, others }: StatusReport) {
  return {
    git: { root, branch },
    places,
    images: images.map(({ context, newest, running }) => ({
      context,
      newest: newest ? commitJson(newest) : null,
      running: running.map(({ place, commit, tag, revision, behind, ahead, since, ...image }) => ({
        ...place,
        tag: tag ?? null,
        revision: revision ?? null,
        commit: commit ? commitJson(commit) : null,
        behind: behind ?? null,
        ahead: ahead ?? null,
        since: since?.toISOString() ?? null,
        ...image,
      })),
    })),
    others: others.map(({ place, ...other }) => ({ ...place, ...other })),
  };
}
