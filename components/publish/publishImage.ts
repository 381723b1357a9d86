import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Builder, type RegistryAuth, type VersionedImageArgs } from "../args";
import { basesOf, buildFingerprint, contextDirectories, requireBuildKit, resolveBuild } from "../builders";
import { requireBuilder } from "../docker";
import { invalidArgument } from "../errors";
import { readFacts } from "../git";
import { findGoogleProject, projectInImageNames } from "../googleProject";
import type { Target } from "../protocol";
import { knownValue, reportAt, requireEngine } from "../pulumi";
import { createRegistryClient, parseReference, parseRepository, type RegistryClient } from "../registry";
import { decideVersion, shownPath, TagPolicy, type Version } from "../version";
import { refuseOwnRepository } from "./bases";
import { claimTags } from "./claim";
import { copyFromOf } from "./copyFrom";
import { publishDebug } from "./debug";
import { mockedImage } from "./mockedImages";
import { publishProduction } from "./production";
import { ownRegistry } from "./registries";
import { resolveReleaseTags } from "./releaseTags";
import { beginReport } from "./runReport";
import type { ImageOutputs } from "./subject";
import { type Publication, type Subject, specOf } from "./subject";
import { isOffline } from "./undecided";

/** Finds an image's version and has it published, with children of the component doing the work. */
export function publishImage(
  component: pulumi.ComponentResource,
  name: string,
  args: VersionedImageArgs,
): ImageOutputs {
  const mocked = mockedImage(name, args);
  if (mocked) {
    return mocked;
  }
  const end = beginReport();
  const version = reportAt(component, async () => {
    await requireEngine();
    return versionOf(args);
  });
  const repository = pulumi
    .output(reportAt(component, async () => args.repository ?? defaultRepository(args.context)))
    .apply((value) => reportAt(component, async () => parseRepository(value).repository));
  const published = reportAt(component, async () => {
    // First, so that one that fails is not followed by what it makes impossible after the program has ended.
    await Promise.all(Object.values(args.build?.bases ?? {}).map(({ reference }) => knownValue(reference)));
    const subject = await subjectOf(component, name, args, await version, repository);
    await refuseOwnRepository(subject);
    await claimTags(subject);
    return subject.version.debug ? publishDebug(subject) : publishProduction(subject);
  }).finally(end);

  const digest = pulumi.output(published.then((publication) => publication.digest));
  // In an update, whoever uses the spec waits for the tag; in a preview there is nothing to wait for.
  const named = pulumi.output(version.then((known) => specOf({ repository, version: known })));
  const spec = pulumi.runtime.isDryRun() ? named : pulumi.output(published.then((publication) => publication.spec));
  return {
    tag: pulumi.output(version.then(({ tag }) => tag)),
    spec,
    reference: pulumi.all([spec, digest]).apply(([tagged, pinned]) => (pinned ? `${tagged}@${pinned}` : tagged)),
    digestReference: pulumi
      .all([spec, digest])
      .apply(([tagged, pinned]) => pinned && `${parseReference(tagged).repository}@${pinned}`) as pulumi.Output<string>,
    digest: digest as pulumi.Output<string>,
    commit: pulumi.output(version.then(({ commit }) => commit)),
    tree: pulumi.output(version.then(({ tree }) => tree)),
    covers: pulumi.output(version.then(({ paths }) => paths.map(shownPath))),
    source: pulumi.output(version.then(({ remote }) => remote)),
    outcome: pulumi.output(published.then(({ outcome }: Publication) => outcome)),
    pushed: pulumi.output(published.then(({ pushed }) => pushed)),
  };
}

async function versionOf(args: VersionedImageArgs): Promise<Version> {
  const {
    context,
    paths,
    dockerfile,
    revision,
    debug = false,
    tagPolicy = TagPolicy.Commit,
    tagLength = 7,
    tagPrefix,
  } = args;
  const contexts = await contextDirectories(args.build);
  const bases = await basesOf(args.build, debug);
  const facts = await readFacts({ context, paths, dockerfile, contexts, bases, revision });
  return decideVersion(facts, { debug, tagPolicy, tagLength, tagPrefix });
}

async function subjectOf(
  component: pulumi.ComponentResource,
  name: string,
  args: VersionedImageArgs,
  version: Version,
  repository: pulumi.Output<string>,
): Promise<Subject> {
  if (args.debug && args.publish === false) {
    throw invalidArgument(
      "publish is false, but a debug image is always built and pushed. Leave out publish or debug.",
    );
  }
  const build = await resolveBuild(args.build);
  if (build.builder === Builder.BuildKit) {
    requireBuildKit();
  }
  if (build.builderName !== undefined && args.publish !== false) {
    await requireBuilder(build.builderName, process.env);
  }
  const dockerfile = args.dockerfile ?? "Dockerfile";
  const known = await knownValue(repository);
  const target = await targetOf(known, version, args.registryAuth);
  return {
    component,
    name,
    args,
    version,
    build,
    dockerfile,
    fingerprint: buildFingerprint(build, dockerfile, version),
    repository,
    releaseTags: await resolveReleaseTags(args),
    target,
    copyFrom: await copyFromOf(args, version, known, target),
  };
}

async function targetOf(
  repository: string | undefined,
  version: Version,
  auth: RegistryAuth | undefined,
): Promise<Target | undefined> {
  const registry = await registryFor(auth);
  return repository === undefined || registry === undefined
    ? undefined
    : { repository, spec: `${repository}:${version.tag}`, registry };
}

/** Undefined in a preview that is offline, or can't know the credentials: to ask without them would be answered with a refusal. */
async function registryFor(auth: RegistryAuth | undefined): Promise<RegistryClient | undefined> {
  if (isOffline()) {
    return undefined;
  }
  if (!auth) {
    return ownRegistry();
  }
  const known = await knownValue(pulumi.output(auth) as pulumi.Output<{ [Key in keyof RegistryAuth]: string }>);
  return known && createRegistryClient({ auth: known });
}

/**
 * The repository that is used where none is given: the name of the context's directory, in the project's registry on
 * gcr.io. Throws InvalidArgument if there is no project.
 */
export async function defaultRepository(context: string): Promise<string> {
  const project = await findGoogleProject();
  if (!project) {
    throw invalidArgument(
      "There is no repository to publish to. Set the repository argument, for instance to " +
        "europe-docker.pkg.dev/my-project/images/simple, or run `pulumi config set gcp:project PROJECT` or " +
        "`gcloud config set project PROJECT` to publish to gcr.io/PROJECT.",
    );
  }
  return `gcr.io/${projectInImageNames(project)}/${path.basename(path.resolve(context))}`;
}
