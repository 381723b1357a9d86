import { Repository, RepositoryIamMember } from "@pulumi/gcp/artifactregistry";
import * as pulumi from "@pulumi/pulumi";
import { invalidArgument } from "../errors";
import { checkAt, knownValue } from "../pulumi";
import { checkPolicies, debugPolicies, productionPolicies } from "./cleanup";
import { locationOf, prefixOf, projectFor } from "./names";

/** Where the images of a project are kept. */
export interface ImageRepositoryArgs {
  /** The region or multi-region, `gcloud --location`, for instance europe-west1. Needed unless gcrHost is set. */
  location?: string;
  /** The repository's name. Default: the component's. Its debug repository has the same name with -debug at its end. */
  repositoryId?: string;
  /**
   * The project, `gcloud --project`. Default: that of the component's provider, if it has one of its own, else
   * gcp:project, else that of the environment, else the one that gcloud is set to.
   */
  project?: string;
  /**
   * Use the project's repository behind gcr.io, us.gcr.io, eu.gcr.io or asia.gcr.io, which must exist and is left as it
   * is. A warning says if its tags can be moved. Default: a repository of its own.
   */
  gcrHost?: string;
  /**
   * Whether the production repository refuses to move or delete a tag, `gcloud --immutable-tags`. Not together with
   * gcrHost, whose repository is left as it is. Default: true.
   */
  immutableTags?: boolean;
  /**
   * Who may pull, for instance serviceAccount:nodes@my-project.iam.gserviceaccount.com. A member that a preview can't
   * know yet is shown in the update alone. Default: nobody is added.
   */
  readers?: pulumi.Input<string>[];
  /** After so many days what has no tag is deleted: of debug images, and with keepVersions of production's. Default: 7. */
  untaggedDays?: number;
  /** After so many days a debug image is deleted, its tag with it. Default: never. */
  debugDays?: number;
  /**
   * How many versions of each production image are kept at the least, the most recent ones; Artifact Registry deletes the others,
   * whether they still run or not. It counts manifests, two for each version; an image for several platforms has one for each and
   * one for all, and needs a larger number. It deletes no image whose tag is immutable, so that this needs immutableTags: false. Not
   * together with gcrHost. Default: all are kept.
   */
  keepVersions?: number;
  /** Whether Artifact Registry only logs what it would delete, in both repositories. Default: false. */
  cleanupDryRun?: boolean;
}

/**
 * Repositories of Google's Artifact Registry: one for production, whose tags can't be moved, and one for debug images,
 * whose tags can, and which loses what is untagged.
 */
export class ImageRepository extends pulumi.ComponentResource {
  /** What production images' names begin with, for instance europe-west1-docker.pkg.dev/my-project/images. */
  public readonly repository: pulumi.Output<string>;
  /** What debug images' names begin with. */
  public readonly debugRepository: pulumi.Output<string>;
  /** Whether the production repository refuses to move a tag. */
  public readonly immutableTags: pulumi.Output<boolean>;
  /** Known when all readers are allowed whose names can be known. */
  private readonly allowed: pulumi.Output<unknown>;

  constructor(name: string, args: ImageRepositoryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("versioned-image:gcp:ImageRepository", name, {}, opts);
    const { gcrHost, repositoryId = name, immutableTags = true, readers = [], cleanupDryRun } = args;
    const location = checkAt(this, () => locationOf(args));
    checkAt(this, () => checkPolicies(args));
    checkAt(this, () => assertOwn(args));
    warnOfKept(this, args);
    const project = pulumi.output(args.project ?? projectFor(this));
    const production = gcrHost
      ? existing(this, name, project, location, gcrHost)
      : new Repository(
          `${name}-repository`,
          {
            project,
            location,
            repositoryId,
            format: "DOCKER",
            dockerConfig: { immutableTags },
            cleanupPolicies: productionPolicies(args),
            cleanupPolicyDryRun: args.keepVersions === undefined ? undefined : cleanupDryRun,
          },
          { parent: this },
        );
    const debug = new Repository(
      `${name}-debug-repository`,
      {
        project,
        location,
        repositoryId: `${repositoryId}-debug`,
        format: "DOCKER",
        cleanupPolicies: debugPolicies(args),
        cleanupPolicyDryRun: cleanupDryRun,
      },
      { parent: this },
    );
    this.allowed = allow(this, name, readers, project, { reader: production, "debug-reader": debug });
    // Through the resource, so that an image waits for the repository that it is pushed to.
    this.repository = pulumi
      .all([project, production.repositoryId])
      .apply(([id, made]) => prefixOf({ project: id, location, repositoryId: made, gcrHost }));
    this.debugRepository = pulumi
      .all([project, debug.repositoryId])
      .apply(([id, made]) => prefixOf({ project: id, location, repositoryId: made }));
    this.immutableTags = gcrHost ? immutabilityOf(this, production, location, gcrHost) : pulumi.output(immutableTags);
    this.registerOutputs({
      repository: this.repository,
      debugRepository: this.debugRepository,
      immutableTags: this.immutableTags,
    });
  }

  /**
   * Whoever depends on a component waits for this, and then for the children that are there. Pulumi calls it in the middle of the constructor.
   */
  protected override async initialize(): Promise<void> {
    await undefined;
    await knownValue(this.allowed);
  }
}

/** What would have to be changed in a repository that is left as it is. */
function assertOwn({ gcrHost, immutableTags, keepVersions }: ImageRepositoryArgs): void {
  const given = Object.entries({ immutableTags, keepVersions }).filter(([, value]) => value !== undefined);
  if (gcrHost !== undefined && given.length > 0) {
    throw invalidArgument(
      `${given.map(([argument]) => argument).join(" and ")} can't be set together with gcrHost: the repository ${gcrHost} ` +
        "is left as it is. Change it with `gcloud artifacts repositories update`, or leave gcrHost out.",
    );
  }
}

function warnOfKept(parent: ImageRepository, { keepVersions, immutableTags = true }: ImageRepositoryArgs): void {
  if (keepVersions !== undefined && immutableTags) {
    pulumi.log.warn(
      "keepVersions deletes nothing that has a tag, since the tags are immutable: set immutableTags to false as well, or " +
        "leave keepVersions out.",
      parent,
    );
  }
}

/**
 * Lets each member pull. The resources are named by member, so that one who is taken from the list takes nobody else's
 * access along; they were numbered once, and are not made anew for that.
 */
function allow(
  parent: ImageRepository,
  name: string,
  readers: pulumi.Input<string>[],
  project: pulumi.Output<string>,
  repositories: Record<string, Repository>,
): pulumi.Output<unknown> {
  const allowed = new Set<string>();
  const add = (member: string, index: number) => {
    if (allowed.has(member)) {
      return;
    }
    allowed.add(member);
    for (const [suffix, { location, repositoryId }] of Object.entries(repositories)) {
      new RepositoryIamMember(
        `${name}-${suffix}-${member}`,
        { project, location, repository: repositoryId, role: "roles/artifactregistry.reader", member },
        { parent, aliases: [{ name: `${name}-${suffix}-${index}` }] },
      );
    }
  };
  const added = readers.map((reader, index) =>
    typeof reader === "string" ? add(reader, index) : pulumi.output(reader).apply((member) => add(member, index)),
  );
  return pulumi.all(added);
}

/** The repository that answers to a gcr.io name. It holds what others push, too, so its settings are theirs to change. */
function existing(
  parent: ImageRepository,
  name: string,
  project: pulumi.Output<string>,
  location: string,
  gcrHost: string,
): Repository {
  const id = pulumi.interpolate`projects/${project}/locations/${location}/repositories/${gcrHost}`;
  return Repository.get(`${name}-repository`, id, undefined, { parent });
}

/** Whether the tags of a repository that exists are immutable; a warning says if they are not. */
function immutabilityOf(
  parent: ImageRepository,
  { dockerConfig }: Repository,
  location: string,
  gcrHost: string,
): pulumi.Output<boolean> {
  // It is read in a preview, too, and what it has not set then counts as unknown.
  return pulumi.output(knownValue(dockerConfig)).apply((config) => {
    const isImmutable = config?.immutableTags ?? false;
    if (!isImmutable) {
      pulumi.log.warn(
        `Tags of ${gcrHost} can be moved by whoever may push. Make them immutable once nothing pushes a moving tag such ` +
          `as latest: gcloud artifacts repositories update ${gcrHost} --location=${location} --immutable-tags`,
        parent,
      );
    }
    return isImmutable;
  });
}
