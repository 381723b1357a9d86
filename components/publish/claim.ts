import { invalidArgument } from "../errors";
import { engineRun, urnOf } from "../pulumi";
import { movingTagsOf, type Subject } from "./subject";

interface Claim {
  run: unknown;
  urn: string;
  name: string;
}

/** The image that publishes each repository:tag. */
const claims = new Map<string, Claim>();

/**
 * Throws InvalidArgument if another image of the same run publishes under one of the same repository:tag: only one of them can be
 * what the tag means.
 */
export async function claimTags(subject: Subject): Promise<void> {
  const { component, name, args, target, releaseTags } = subject;
  const moving = movingTagsOf(subject);
  if (target === undefined || args.publish === false) {
    return;
  }
  const urn = await urnOf(component);
  const further = [...moving, ...releaseTags.known].map((tag) => `${target.repository}:${tag}`);
  for (const spec of [target.spec, ...further]) {
    claim(spec, { run: engineRun(), urn, name });
  }
}

function claim(spec: string, claimed: Claim): void {
  const earlier = claims.get(spec);
  if (earlier !== undefined && earlier.run === claimed.run && earlier.urn !== claimed.urn) {
    throw invalidArgument(
      `${spec} is already the tag of another image in this program, ${earlier.name}. Give each ` +
        "image its own repository, or declare it once and use it in both places.",
    );
  }
  claims.set(spec, claimed);
}
