import type { ImageConfig } from "../../components/registry";
import { labelIn, OWN_LABELS } from "../../components/version";
import { type Check, contradicted, lacking, proven } from "./check";

/** Whether the images of an index say the same of their origin, and are all that it holds; nothing of a single image. */
export function platformChecks(first: ImageConfig, others: ImageConfig[], unread: string[]): Check[] {
  if (unread.length > 0) {
    return [lacking("platforms", `the index also holds what is not understood, and may be run: ${unread.join(", ")}`)];
  }
  if (others.length === 0) {
    return [];
  }
  for (const other of others) {
    const label = OWN_LABELS.find((name) => labelIn(first.labels, name) !== labelIn(other.labels, name));
    if (label !== undefined) {
      const said = [first, other].map(
        ({ labels, platform }) => `${labelIn(labels, label) ?? "nothing"} for ${platform}`,
      );
      return [contradicted("platforms", `the images say different things of ${label}: ${said.join(", ")}`)];
    }
  }
  const names = [first, ...others].map(({ platform }) => platform);
  return [proven("platforms", `the images for ${names.join(", ")} say the same of their origin`)];
}
