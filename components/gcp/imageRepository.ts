import { Repository, RepositoryIamMember } from "@pulumi/gcp/artifactregistry";
import * as pulumi from "@pulumi/pulumi";
import { VersionedImageError } from "../errors";
import { checkAt, reportAt } from "../pulumi/diagnostics";
import { locationOf, prefixOf } from "./names";
import { defaultProject } from "./project";

/** Where the images of a project are kept. */
export interface ImageRepositoryArgs {
  /** The region or multi-region, `gcloud --location`, for instance europe-west1. Needed unless gcrHost is set. */
  location?: string;
  /** The repository's name. Default: the component's. Its debug repository has the same name with -debug at its end. */
  repositoryId?: string;
  /** The project, `gcloud --project`. Default: gcp:project, else the one that gcloud is set to. */
  project?: string;
  /**
   * Use the project's repository behind gcr.io, us.gcr.io, eu.gcr.io or asia.gcr.io, which must exist and is left as it
   * is. A warning says if its tags can be moved. Default: a repository of its own.
   */
  gcrHost?: string;
  /** Who may pull, for instance serviceAccount:nodes@my-project.iam.gserviceaccount.com. Default: nobody is added. */
  readers?: pulumi.Input<string>[];
  /** After so many days a debug image that has lost its tag is deleted. Default: 7. */
  untaggedDays?: number;
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

  constructor(name: string, args: ImageRepositoryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("versioned-image:gcp:ImageRepository", name, {}, opts);
    const { gcrHost, repositoryId = name, readers = [], untaggedDays = 7 } = args;
    const location = checkAt(this, () => locationOf(args));
    checkAt(this, () => assertDays(untaggedDays));
    const project = pulumi.output(args.project ?? reportAt(this, defaultProject));
    const production = gcrHost
      ? existing(this, name, project, location, gcrHost)
      : new Repository(
          `${name}-repository`,
          { project, location, repositoryId, format: "DOCKER", dockerConfig: { immutableTags: true } },
          { parent: this },
        );
    const debug = new Repository(
      `${name}-debug-repository`,
      {
        project,
        location,
        repositoryId: `${repositoryId}-debug`,
        format: "DOCKER",
        cleanupPolicies: [
          {
            id: "untagged",
            action: "DELETE",
            condition: { tagState: "UNTAGGED", olderThan: `${untaggedDays * SECONDS_A_DAY}s` },
          },
        ],
      },
      { parent: this },
    );
    for (const [index, member] of readers.entries()) {
      for (const [suffix, made] of Object.entries({ reader: production, "debug-reader": debug })) {
        new RepositoryIamMember(
          `${name}-${suffix}-${index}`,
          {
            project,
            location: made.location,
            repository: made.repositoryId,
            role: "roles/artifactregistry.reader",
            member,
          },
          { parent: this },
        );
      }
    }
    // Through the resource, so that an image waits for the repository that it is pushed to.
    this.repository = pulumi
      .all([project, production.repositoryId])
      .apply(([id, made]) => prefixOf({ project: id, location, repositoryId: made, gcrHost }));
    this.debugRepository = pulumi
      .all([project, debug.repositoryId])
      .apply(([id, made]) => prefixOf({ project: id, location, repositoryId: made }));
    this.registerOutputs({ repository: this.repository, debugRepository: this.debugRepository });
  }
}

const SECONDS_A_DAY = 24 * 60 * 60;

function assertDays(untaggedDays: number): void {
  if (!Number.isInteger(untaggedDays) || untaggedDays < 1) {
    throw new VersionedImageError(
      "InvalidArgument",
      `untaggedDays is ${untaggedDays}: give a whole number of days, at least 1.`,
    );
  }
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
  const repository = Repository.get(`${name}-repository`, id, undefined, { parent });
  repository.dockerConfig.apply((config) => {
    if (!config?.immutableTags) {
      pulumi.log.warn(
        `Tags of ${gcrHost} can be moved by whoever may push. Make them immutable once nothing pushes a moving tag such ` +
          `as latest: gcloud artifacts repositories update ${gcrHost} --location=${location} --immutable-tags`,
        parent,
      );
    }
  });
  return repository;
}
