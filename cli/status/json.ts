import { commitJson } from "../json";
import type { StatusReport } from "./report";

export function statusJson({ root, branch, places, images, others }: StatusReport) {
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
