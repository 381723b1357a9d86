import * as pulumi from "@pulumi/pulumi";
import type { VersionedImageArgs } from "../args";
import { invalidArgument } from "../errors";
import { checkReleaseTags, type Releasing, releaseTagsOf, releasingOf, setReleaseTags, type Target } from "../protocol";
import { knownValue } from "../pulumi";
import { isTried, portsOf } from "./publishing";
import { say } from "./runReport";
import { expectedOf, type ReleaseTags, type Subject } from "./subject";

/** The tags of an image that are written once beside its version's. Throws InvalidArgument for what none can be given to. */
export async function resolveReleaseTags({
  releaseTags: asked = [],
  debug = false,
  publish = true,
  ...others
}: VersionedImageArgs): Promise<ReleaseTags> {
  if (asked.length > 0 && (debug || !publish)) {
    throw invalidArgument(
      debug
        ? "debug and releaseTags can't be set together: a debug image is not a release. Leave out one of them."
        : "publish is false, so this stack can't set releaseTags. Set them in the stack that publishes.",
    );
  }
  // What is known to be nothing is refused as no tag.
  const values = await Promise.all(asked.map((tag) => knownValue(pulumi.output(tag).apply((value) => value ?? ""))));
  const known = values.filter((value) => value !== undefined);
  return { known: releaseTagsOf(known, others), areKnown: known.length === asked.length };
}

/** Of a version that is to be built, or copied as a digest: throws ReleaseTagTaken if one of its tags is there and serves another. */
export async function checkBeforeRelease(subject: Subject, target: Target, digest?: string): Promise<void> {
  await checkReleaseTags(releasing(subject, target), digest, portsOf(subject, target));
}

/** Sets the tags of a version that is there, or in a preview sees that it can be done. Throws ReleaseTagTaken, and TagRefused in an update. */
export async function release(subject: Subject, target: Target, digest: string): Promise<void> {
  const ports = portsOf(subject, target);
  if (isTried()) {
    sayToRelease(subject, await checkReleaseTags(releasing(subject, target), digest, ports));
  } else {
    for (const tag of await setReleaseTags(releasing(subject, target), digest, ports)) {
      say(subject, `released as ${target.repository}:${tag}`);
    }
  }
}

/** Says in a preview which tags the update will set. */
export function sayToRelease(subject: Subject, tags: string[]): void {
  for (const tag of tags) {
    say(subject, `will be released as ${tag}`);
  }
}

/** Says in a preview that it can't tell whether all tags are free. */
export function sayUnknownReleases(subject: Subject): void {
  if (!subject.releaseTags.areKnown) {
    say(
      subject,
      "some releaseTags are not known before the update, which fails with ReleaseTagTaken if another image has one of them",
    );
  }
}

function releasing(subject: Subject, target: Target): Releasing {
  return releasingOf(target, expectedOf(subject), subject.releaseTags.known, "pulumi up");
}
