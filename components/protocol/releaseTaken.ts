import { VersionedImageError } from "../errors";
import { labelIn, plain, REVISION_LABEL } from "../version";
import { checkContent, type Expected, putBack } from "./checkContent";
import type { Releasing } from "./releaseTags";
import type { Target } from "./target";

/**
 * A version's release tags in a registry, which are refused with the commit of the image that has one of them (ReleaseTagTaken). `expected`:
 * what the version is, where more than its digest is known of it.
 */
export function releasingOf(
  target: Target,
  expected: Expected | undefined,
  tags: string[],
  command: string,
): Releasing {
  const { repository, spec } = target;
  return {
    repository,
    spec,
    tags,
    command,
    refuse: async (tag, served, digest) => {
      throw expected && digest === undefined && (await isVersion(expected, target, served))
        ? lost(`${repository}:${tag}`, served, target, command)
        : taken(`${repository}:${tag}`, `${served}, ${await commitOf(target, served)}`, digest, target.spec, expected);
    },
  };
}

function taken(
  tag: string,
  what: string,
  digest: string | undefined,
  spec: string,
  expected: Expected | undefined,
): VersionedImageError {
  const own = digest === undefined ? "not published yet" : `another image, ${digest}`;
  const commit = expected ? ` (commit ${expected.version.commit})` : "";
  return new VersionedImageError(
    "ReleaseTagTaken",
    `${tag} is in the registry already (${what}), and ${spec} is ${own}${commit}. A release tag never ` +
      "moves. Give this version another release tag, or none. To use the released image, set revision to its commit.",
  );
}

/** A build anew can be another image, so that the release would not be what its version serves. */
function lost(tag: string, served: string, target: Target, command: string): VersionedImageError {
  return new VersionedImageError(
    "ReleaseTagTaken",
    `By its labels, ${tag} is this version's image (${served}), but the registry lost ${target.spec}. Nothing was built, since that ` +
      `could give a different image. Restore the tag with \`${putBack(target, served)}\`, then run \`${command}\` again, ` +
      "and check that the registry's clean-up keeps images that are in use.",
  );
}

/** Whether an adoption would take an image for the version, without a doubt. */
async function isVersion(expected: Expected, target: Target, digest: string): Promise<boolean> {
  try {
    return (await checkContent(expected, target, digest)).untraced === undefined;
  } catch (error) {
    return refusedBy(error, "TagTaken", "BuildInputsChanged", ...UNREADABLE);
  }
}

/** The commit that an image names, in words. */
async function commitOf({ registry, repository }: Target, digest: string): Promise<string> {
  try {
    const [image] = await registry.inspectAll(repository, digest);
    const revision = image && labelIn(image.labels, REVISION_LABEL);
    return revision === undefined
      ? "whose labels name no commit"
      : `an image of commit ${plain(revision).slice(0, SHOWN)}`;
  } catch (error) {
    refusedBy(error, ...UNREADABLE);
    return "which is not a readable image";
  }
}

/** So many characters of a label are shown. */
const SHOWN = 64;

const UNREADABLE = ["PlatformNotFound", "NotAnImage", "RegistryProtocol"];

/** Throws any other error. */
function refusedBy(error: unknown, ...codes: string[]): false {
  if (error instanceof VersionedImageError && codes.includes(error.code)) {
    return false;
  }
  throw error;
}
