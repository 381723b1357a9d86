import type { ManifestContent, Put } from "../registry";
import { lostTag, tagRefused, undecidedTag } from "./errors";
import type { Ports, Tagging } from "./ports";

/**
 * Longer than a publisher takes from its look at a tag until its own is set, so that of several which set it at the same time all read what
 * stays. In milliseconds, and the same for all publishers.
 */
export const MOMENT = 1_000;

/** How often a tag is looked at, at the most. */
const LOOKS = 6;

/** The longest wait before the tag is read back, in milliseconds: four times two requests of ten seconds. */
const LONGEST_WAIT = 80_000;

/** What a tag serves. */
export interface Served {
  digest: string;
  /** Whether that is another's content of the version, which was tagged first. */
  byAnother: boolean;
}

/**
 * Sets a version's tag if it is absent, and returns what it serves after that, whoever set it. The tag is put only after a look that said that
 * it was absent; after a put whose outcome is not known the next look decides.
 */
export async function tagOnce(
  version: Tagging,
  content: ManifestContent,
  ports: Omit<Ports, "build" | "record">,
): Promise<Served> {
  const { registry, clock } = ports;
  const { end, gap, wasPut } = await setIfAbsent(version, content, ports);
  // It was refused for what is there, or for whatever reason: only what stays for a moment was not set by one whom another overwrites yet.
  if (end.kind === "refused" && (await registry.look(version.tag)) === undefined) {
    throw tagRefused(version, content.digest, end);
  }
  sayGap(version, gap, ports);
  await clock.sleep(Math.max(MOMENT, Math.min(4 * gap, LONGEST_WAIT)));
  const served = await registry.look(version.tag);
  if (served === undefined) {
    throw absent(version, content.digest, end);
  }
  const byAnother = served.digest !== content.digest;
  if (byAnother) {
    await version.prove(served.digest, wasPut ? content.digest : undefined);
  }
  return { digest: served.digest, byAnother };
}

/** How a tag was found, or what came of setting it. */
type End = { kind: "there" } | { kind: "late" } | Put;

interface Attempts {
  /** The last one's. */
  end: End;
  /** The longest from when a look was sent until what followed it was answered, or given up; 0 if nothing was put. In milliseconds. */
  gap: number;
  /** Whether the tag may have served the content. */
  wasPut: boolean;
}

async function setIfAbsent(
  { tag }: Tagging,
  content: ManifestContent,
  { registry, clock, say }: Omit<Ports, "build" | "record">,
): Promise<Attempts> {
  let gap = 0;
  let wasPut = false;
  for (let look = 1; ; look++) {
    const end = await registry.inOneTurn(async (strict): Promise<End> => {
      const asked = clock.now();
      const seen = await strict.look(tag);
      if (seen.kind !== "absent") {
        return seen;
      }
      // Some registries are never quick: the last look has to do.
      if (clock.now() - asked > MOMENT / 2 && look < LOOKS) {
        return { kind: "late" };
      }
      const put = await strict.put(tag, content);
      if (put.kind === "tagged" || put.kind === "unanswered") {
        gap = Math.max(gap, clock.now() - asked);
        wasPut = true;
      }
      return put;
    });
    if (look === LOOKS || end.kind === "there" || end.kind === "tagged" || end.kind === "refused") {
      return { end, gap, wasPut };
    }
    if (end.kind === "unanswered") {
      say.progress(`checking the tag ${tag} again: ${end.why}`);
      await clock.sleep(end.retryAfterMs ?? Math.min(500 * 2 ** (look - 1), 4_000));
    }
  }
}

/** Others count with a moment. What took longer can't be called back, and is said. */
function sayGap({ spec, tag }: Tagging, gap: number, { say }: Pick<Ports, "say">): void {
  const took = `${Math.round(gap)} ms`;
  if (gap >= MOMENT) {
    say.warn(
      `${spec}: the tag was set ${took} after it was last seen absent. If another stack set it in between, that was overwritten, and the ` +
        "stack uses this image from its next update. Immutable tags in the registry prevent that.",
    );
  } else if (4 * gap > MOMENT) {
    say.progress(`the tag ${tag} was set ${took} after it was last seen absent`);
  }
}

function absent(version: Tagging, digest: string, end: End): Error {
  switch (end.kind) {
    case "refused":
      return tagRefused(version, digest, end);
    case "there":
    case "tagged":
      return lostTag(version, digest);
    default:
      return undecidedTag(version, end.kind === "unanswered" ? end.why : "the login for pushing expired each time");
  }
}
