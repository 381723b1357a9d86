import type { VersionedImageArgs } from "../args";
import { copyImage } from "../copy";
import { invalidArgument, VersionedImageError } from "../errors";
import type { Target } from "../protocol";
import { knownValue, type Step } from "../pulumi";
import { parseRepository } from "../registry";
import type { Version } from "../version";
import { isTried, portsOf } from "./publishing";
import { ownRegistry, willBeCopied } from "./registries";
import type { Subject } from "./subject";

/**
 * Where a version is copied from that the image's repository lacks. A debug image is built from the disk, and never copied. Throws
 * InvalidArgument for what is no repository, or the image's own.
 */
export async function copyFromOf(
  { copyFrom }: VersionedImageArgs,
  version: Version,
  repository: string | undefined,
  target: Target | undefined,
): Promise<Subject["copyFrom"]> {
  if (copyFrom === undefined || version.debug) {
    return undefined;
  }
  const given = await knownValue(copyFrom);
  if (given === undefined) {
    return "unknown";
  }
  const source = sourceIn(given);
  if (source.repository === repository) {
    throw invalidArgument(
      `copyFrom is ${source.repository}, the repository that the image is published to. Name another one, or leave copyFrom out.`,
    );
  }
  // What the program gives to log in to the image's registry is for no other.
  const isSameRegistry = target !== undefined && parseRepository(target.repository).host === source.host;
  return {
    repository: source.repository,
    spec: `${source.repository}:${version.tag}`,
    registry: isSameRegistry ? target.registry : ownRegistry(),
  };
}

function sourceIn(given: string) {
  try {
    return parseRepository(given);
  } catch (error) {
    if (error instanceof VersionedImageError) {
      throw new VersionedImageError(error.code, `copyFrom: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

/** Copies a version, with what refers to it, and sets its tag last. In a preview it is only looked at whether it can be copied. */
export async function copyVersion(
  subject: Subject,
  from: Target,
  to: Target,
  digest: string,
  step: Step,
): Promise<void> {
  const { name, version } = subject;
  const { clock, say } = portsOf(subject, to);
  const dryRun = isTried();
  if (dryRun) {
    willBeCopied(`${to.repository}@${digest}`, `${from.spec}@${digest}`);
  } else {
    step.what = `${name} is being copied`;
    say.progress(`copying ${version.tag} from ${from.repository}`);
  }
  try {
    await copyImage(
      { from, to, digest, tag: version.tag },
      { command: "pulumi up", clock, dryRun, say, sent: () => {} },
    );
  } finally {
    // The engine interrupts the program of an update that fails, and the image's own error says the rest.
    step.what = undefined;
  }
}
