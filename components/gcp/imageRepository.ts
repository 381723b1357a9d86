import { Repository, RepositoryIamMember } from "@pulumi/gcp/artifactregistry";
import * as pulumi from "@pulumi/pulumi";
import { invalidArgument } from "../errors";
import { checkAt, knownValue } from "../pulumi";
import { checkPolicies, debugPolicies, productionPolicies } from "./cleanup";
import { locationOf, prefixOf, projectFor } from "./names";

/** The settings of a project's image repositories. */
export interface ImageRepositoryArgs {
  /** The region or multi-region, `gcloud --location`, for instance europe-west1. Required unless gcrHost is set. */
  location?: string;
  /** The repository's name. Default: the component's. The debug repository's name is the same with -debug at the end. */
  repositoryId?: string;
  /**
   * The project, `gcloud --project`. Default: that of the component's own provider, if there is one, else
   * gcp:project, else that of the environment, else gcloud's.
   */
  project?: string;
  /**
   * Use the project's repository behind gcr.io, us.gcr.io, eu.gcr.io or asia.gcr.io. It must exist and is not changed;
   * if its tags are mutable, a warning says so. Default: a new repository.
   */
  gcrHost?: string;
  /**
   * Whether the production repository's tags are immutable, `gcloud --immutable-tags`. Can't be combined with gcrHost.
   * Default: true.
   */
  immutableTags?: boolean;
  /**
   * Members who can pull, for instance serviceAccount:nodes@my-project.iam.gserviceaccount.com. A member that a preview
   * does not know is shown only in the update. Default: none are added.
   */
  readers?: pulumi.Input<string>[];
  /** The days after which untagged debug images are deleted, and with keepVersions untagged production images. Default: 7. */
  untaggedDays?: number;
  /** The days after which a debug image is deleted, with its tag. Default: never. */
  debugDays?: number;
  /**
   * The number of recent versions to keep of each production image; Artifact Registry deletes the others, even if they still run. It
   * counts manifests, two for each version; an image for several platforms has one for each platform and one for the index, and
   * needs a larger number. Images with immutable tags are never deleted, so this needs immutableTags: false. Can't be combined with
   * gcrHost. Default: all versions are kept.
   */
  keepVersions?: number;
  /** Whether Artifact Registry only logs what it would delete, in both repositories. Default: false. */
  cleanupDryRun?: boolean;
}

/**
 * Repositories of Google's Artifact Registry: one for production, with immutable tags, and one for debug images, with
 * mutable tags, where untagged images are deleted.
 */
export class ImageRepository extends pulumi.ComponentResource {
  /** The prefix of production images' names, for instance europe-west1-docker.pkg.dev/my-project/images. */
  public readonly repository: pulumi.Output<string>;
  /** The prefix of debug images' names. */
  public readonly debugRepository: pulumi.Output<string>;
  /** Whether the production repository's tags are immutable. */
  public readonly immutableTags: pulumi.Output<boolean>;
  /** Known once all readers whose names are known can pull. */
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
      `${given.map(([argument]) => argument).join(" and ")} can't be set together with gcrHost: the settings of ${gcrHost} ` +
        "are not changed. Change them with `gcloud artifacts repositories update`, or leave gcrHost out.",
    );
  }
}

function warnOfKept(parent: ImageRepository, { keepVersions, immutableTags = true }: ImageRepositoryArgs): void {
  if (keepVersions !== undefined && immutableTags) {
    pulumi.log.warn(
      "keepVersions can't delete tagged images, since the tags are immutable. Set immutableTags to false as well, or " +
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
        `Everyone who can push to ${gcrHost} can move its tags. Make them immutable once nothing pushes a moving tag such ` +
          `as latest: gcloud artifacts repositories update ${gcrHost} --location=${location} --immutable-tags`,
        parent,
      );
    }
    return isImmutable;
  });
}
