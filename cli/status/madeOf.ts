import { type Facts, type LabelledSource, labelIn, TREE_LABEL } from "../../components/version";
import type { Verification } from "../verify/verification";

/** What an image's labels say that it was made of, if its commit has its tree there. */
export function madeOf({ labels, origin }: Pick<Verification, "labels" | "origin">): LabelledSource | undefined {
  const { labelled, candidates, wrong } = origin;
  const isSo = wrong === undefined && candidates[0]?.tree === labelIn(labels, TREE_LABEL);
  return typeof labelled === "object" && isSo ? labelled : undefined;
}

/** What an image is made of, as the newest of those of its versions that run says it; where none does, as it was asked for. */
export function pathsNow({ context, paths }: Facts, running: Verification[]): string[] {
  const said = running.flatMap((image) => {
    const made = madeOf(image);
    return made?.context === context && image.commit ? [{ paths: made.paths, at: image.commit.committedAt }] : [];
  });
  const [newest] = said.sort((one, other) => other.at.getTime() - one.at.getTime());
  return newest?.paths ?? paths;
}
