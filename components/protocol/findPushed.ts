import { fieldsOf, type ManifestContent } from "../registry";
import { contentLost } from "./errors";
import type { Built, Ports, Publishing, Pushed } from "./ports";

/**
 * What a builder has pushed, as the registry has it: under the digest that the builder reports, or else under the scratch tag, if that is what the
 * builder's daemon says that it has built. The tag alone proves nothing: a killed run's daemon may have pushed under it, or another machine.
 * Throws ContentLost, which says why.
 */
export async function findPushed(
  version: Publishing,
  built: Built,
  { registry }: Pick<Ports, "registry">,
): Promise<ManifestContent> {
  const { digest, tag } = built;
  const reported = digest === undefined ? undefined : await registry.read(digest);
  if (reported) {
    return reported;
  }
  const what = digest ?? "an unknown digest";
  if (tag === undefined) {
    throw contentLost(version, what, "was pushed, but the registry does not have it");
  }
  const tagged = await registry.read(tag);
  if (!tagged) {
    throw contentLost(version, what, `was pushed, but the registry has neither it nor its tag ${tag}`);
  }
  const id = await built.imageId();
  if (id === undefined || (id !== tagged.digest && id !== configOf(tagged))) {
    const why =
      id === undefined
        ? `\`docker image inspect\` does not report what was built, so nothing proves that ${tag} points to it`
        : `${tag} points to an image other than ${id}, which was built: another run has pushed to this tag`;
    throw contentLost(version, what, `was reported by the builder, but the registry does not have it, and ${why}`);
  }
  return tagged;
}

/** What is to be remembered of it; nothing of what was pushed by digest alone. */
export function pushedOf({ tag, digest }: Built): Pushed | undefined {
  return tag === undefined ? undefined : { tag, digest };
}

/** Nothing of what is no image's manifest. */
function configOf({ bytes }: ManifestContent): unknown {
  try {
    return fieldsOf(fieldsOf(JSON.parse(bytes.toString())).config).digest;
  } catch {
    return undefined;
  }
}
