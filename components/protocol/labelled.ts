import type { ManifestContent } from "../registry";
import { contentLost, pushRefused } from "./errors";
import type { Ports, Publishing } from "./ports";

/** The labelled image of a content, which is in the registry under its digest. Throws ContentLost or PushRefused. */
export async function labelled(
  version: Publishing,
  { digest }: ManifestContent,
  { registry }: Pick<Ports, "registry">,
): Promise<ManifestContent> {
  const made = await registry.label(digest, await version.labels());
  switch (made.kind) {
    case "labelled":
      return made.content;
    case "absent":
      throw contentLost(version, digest, "was pushed, but the registry no longer has it");
    default:
      throw pushRefused(version, digest, made);
  }
}
