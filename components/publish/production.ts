import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";
import { dockerImage } from "../builders/dockerImage";
import { type Staged, stage } from "../context/staging";
import { VersionedImageError } from "../errors";
import { exportCommit } from "../git";
import { reportAt } from "../pulumi/diagnostics";
import { urnOf } from "../pulumi/outputs";
import { TagPolicy } from "../version";
import { imageLabels } from "../version/labels";
import { announce } from "./announce";
import { checkPublished } from "./checkPublished";
import { guardHooks, type Held } from "./guard";
import { type Publication, type Subject, specOf, stagingName } from "./publication";
import { type Decision, recallDecision, recordDecision } from "./record";

/** An image that the registry holds under the tag of a version, and that is this version. */
interface HeldImage extends Held {
  /** Why it can't be traced, if it can't. */
  warning: string | undefined;
}

/** Publishes a production version once: builds it from its commit, or adopts what the registry holds under its tag. */
export async function publishProduction(subject: Subject): Promise<Publication> {
  const { component, name, args, version, fingerprint, knownRepository } = subject;
  const held = knownRepository === undefined ? undefined : await lookUp(subject, knownRepository);
  const labels = imageLabels(version, fingerprint);
  if (!held) {
    if (args.publish === false) {
      return notPublished(subject);
    }
    const { image, publication } = await publish(subject, held, labels);
    // Recorded only after the push: of a run that was killed in between, the next one adopts what was pushed.
    recordDecision(
      `${name}-record`,
      specOf(subject),
      { publish: true, labels },
      { parent: component, dependsOn: image },
    );
    return publication;
  }
  const adopted: Decision = { publish: false, digest: held.digest };
  const decision = await recallDecision(`${name}-record`, specOf(subject), adopted, { parent: component });
  if (!decision.publish || args.publish === false) {
    return adopt(subject, held, decision.digest);
  }
  const { publication } = await publish(subject, held, decision.labels ?? labels);
  return publication;
}

async function lookUp(subject: Subject, repository: string): Promise<HeldImage | undefined> {
  const { args, registry, version, build, fingerprint } = subject;
  const manifest = await registry.resolve(repository, version.tag);
  if (!manifest) {
    return undefined;
  }
  const { labels, platform } = await registry.inspect(repository, manifest.digest, build.platform);
  const warning = checkPublished(
    { digest: manifest.digest, labels, platform },
    {
      version,
      tagPolicy: args.tagPolicy ?? TagPolicy.Commit,
      spec: `${repository}:${version.tag}`,
      platform: build.platform,
      fingerprint,
    },
  );
  return { ...manifest, warning };
}

function adopt(subject: Subject, held: HeldImage, recorded: string | undefined): Publication {
  if (recorded !== undefined && recorded !== held.digest) {
    throw overwritten(subject, recorded, held.digest);
  }
  if (held.warning) {
    pulumi.log.warn(held.warning, subject.component);
  }
  announce(subject, (repository) => `is in the registry already and will be used: ${repository}@${held.digest}`);
  return { digest: pulumi.output(held.digest), outcome: "adopted" };
}

/** Throws NotPublished; in a preview that doesn't know the repository yet, the digest is not known either. */
function notPublished({ knownRepository, version, repository }: Subject): Publication {
  if (knownRepository === undefined) {
    return { digest: repository, outcome: "adopted" };
  }
  throw new VersionedImageError(
    "NotPublished",
    `${knownRepository}:${version.tag} is not in the registry, and publish is false: run the stack that publishes it at this ` +
      "commit first, or leave publish out to build the image here.",
  );
}

async function publish(
  subject: Subject,
  held: Held | undefined,
  labels: Record<string, string>,
): Promise<{ image: pulumi.Resource; publication: Publication }> {
  const { component, name, version, build, args, dockerfile } = subject;
  announce(subject, (repository) =>
    held ? `is published: ${repository}@${held.digest}` : `will be built and pushed to ${repository}`,
  );
  const staged = await stage({
    name: stagingName(subject, labels),
    dockerfile,
    target: build.target,
    labels,
    mtime: version.committedAt,
    write: (into) => exportCommit(version, into),
  });
  const image = dockerImage(
    `${name}-image`,
    { spec: specOf(subject), staged, build, registryAuth: args.registryAuth },
    {
      parent: component,
      replaceOnChanges: ["imageName"],
      // Nothing is built any more, so what only affects how it would be must not look like a change.
      ignoreChanges: held ? ["registry", "build.cacheFrom", "build.network", "build.addHosts"] : [],
      hooks: await guardFor(subject, staged),
    },
  );
  const digest = image.repoDigest.apply((pushed) => reportAt(component, () => confirm(subject, held, pushed)));
  return { image, publication: { digest, outcome: "published" } };
}

async function guardFor(subject: Subject, staged: Staged): Promise<pulumi.ResourceHookBinding | undefined> {
  const { component, knownRepository: repository, version, build } = subject;
  // Under Pulumi's mocks nothing is published, and hooks are not known.
  if (repository === undefined || pulumi.runtime.getMonitor() instanceof MockMonitor) {
    return undefined;
  }
  return guardHooks(await urnOf(component), {
    spec: `${repository}:${version.tag}`,
    repository,
    staged,
    target: build.target,
    held: () => lookUp(subject, repository),
  });
}

/** The digest of what the provider pushed, if that is what the registry serves under the tag. */
async function confirm(subject: Subject, held: Held | undefined, repoDigest: string): Promise<string> {
  const { knownRepository, registry, version } = subject;
  const pushed = repoDigest.slice(repoDigest.indexOf("@") + 1);
  if (held?.digest === pushed || knownRepository === undefined) {
    return pushed;
  }
  const served = await registry.resolve(knownRepository, version.tag);
  if (served?.digest !== pushed) {
    throw overwritten(subject, pushed, served?.digest);
  }
  return pushed;
}

function overwritten({ knownRepository, version }: Subject, expected: string, found: string | undefined) {
  return new VersionedImageError(
    "DigestMismatch",
    found === undefined
      ? `${knownRepository}:${version.tag} was published as ${expected}, but the registry does not have it any more. ` +
          "Commit a change in the image's directory to publish a new version, or push the lost image again."
      : `${knownRepository}:${version.tag} was published as ${expected}, but the registry serves ${found}: ` +
          "something else has overwritten the tag. Commit a change in the image's directory to publish a new version, " +
          "and make tags immutable in the registry if it can.",
  );
}
