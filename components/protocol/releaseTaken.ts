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
    `${tag} is in the registry already (${what}), and ${spec} is ${own}${commit}. A release tag is written once and ` +
      "never moved: give this version another one in releaseTags, or none. To use what was released, name its commit as revision.",
  );
}

/** A build anew can be another image, so that the release would not be what its version serves. */
function lost(tag: string, served: string, target: Target, command: string): VersionedImageError {
  return new VersionedImageError(
    "ReleaseTagTaken",
    `${tag} is this version's image (${served}) by its labels, but ${target.spec} was lost from the registry. Nothing was built, since that ` +
      `could be another image. Put the tag back with \`${putBack(target, served)}\`, then run \`${command}\` again, ` +
      "and see that the registry's clean-up keeps what is in use.",
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
    return "which is no image that can be read";
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
