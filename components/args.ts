import type * as pulumi from "@pulumi/pulumi";
import type { TagPolicy } from "./version";

/** What builds an image. Both push its content without touching the version's tag. */
export enum Builder {
  /** `docker build`, by @pulumi/docker. */
  Docker = "Docker",
  /** `docker buildx build`, by @pulumi/docker-build, which must be installed (error BuildKitNotInstalled). */
  BuildKit = "BuildKit",
}

/**
 * An image of this repository that another one is built on. In a TypeScript program a VersionedImage is one; elsewhere it is given by three
 * of its outputs.
 */
export interface BaseImage {
  /** Its `reference`: repository:tag@sha256:…. */
  reference: pulumi.Input<string>;
  /** Its `covers`, which must be known in a preview (error InvalidArgument). */
  covers: pulumi.Input<string[]>;
  /** Its `tag`, which must be known in a preview (error InvalidArgument). */
  tag: pulumi.Input<string>;
}

/** How the image is built, beyond the files that it is built from. */
export interface BuildOptions {
  /** What builds the image. Default: Docker. */
  builder?: Builder;
  /**
   * BuildKit: the builder instance, `docker buildx build --builder`. It must be there (error BuilderNotFound) and not be one of the
   * driver docker (error BuilderUnsupported). Default: one that is there with another driver, or a new one in a container.
   */
  builderName?: string;
  /**
   * Build arguments, `docker build --build-arg`. Default: none. They are visible in the image's history, so a Pulumi
   * secret is refused (error SecretBuildArgument): BuildKit takes it as one of `secrets`.
   */
  args?: Record<string, pulumi.Input<string>>;
  /**
   * The images of this repository that the image is built on, each by the name of the build argument that has its reference: `ARG BASE` and
   * `FROM $BASE`. With BuildKit it is a named context, too, by that name in lower case: `FROM base`. The version covers what they cover,
   * so that the image follows them. Nothing is built on an image whose labels do not prove that it is of this commit (error
   * BaseMismatch). Default: none.
   */
  bases?: Record<string, BaseImage>;
  /** The stage of the Dockerfile to build, `docker build --target`. Default: the last one. */
  target?: string;
  /**
   * What the image runs on, as os/arch or os/arch/variant, `docker build --platform`. Default: linux/amd64, whatever the
   * machine is that builds.
   */
  platform?: pulumi.Input<string>;
  /**
   * BuildKit: what the image runs on, `docker buildx build --platform`; several make one index with an image for each. Not together
   * with `platform` (error InvalidArgument). Default: that of `platform`.
   */
  platforms?: pulumi.Input<string>[];
  /**
   * BuildKit: secrets by their ids, `docker buildx build --secret`, which `RUN --mount=type=secret,id=ID` reads. They are in no
   * layer, label or log, and another value makes no other version. Default: none.
   */
  secrets?: Record<string, pulumi.Input<string>>;
  /**
   * BuildKit: SSH agents that `RUN --mount=type=ssh` may use, `docker buildx build --ssh`: default, or ID=SOCKET. Default: none.
   */
  ssh?: string[];
  /**
   * BuildKit: named contexts, `docker buildx build --build-context`, for `FROM NAME`, `COPY --from=NAME` and `RUN --mount=from=NAME`.
   * A directory of the same repository, relative to the program's working directory, belongs to the version as `paths` do; an image
   * is given as docker-image://REFERENCE@sha256:DIGEST (error InvalidArgument without the digest), and may be an Output. Default: none.
   */
  contexts?: Record<string, pulumi.Input<string>>;
  /**
   * Where layers may be reused from, `docker build --cache-from`: images, and for BuildKit also what `docker buildx build
   * --cache-from` takes, such as type=registry,ref=HOST/REPOSITORY. Default: none.
   */
  cacheFrom?: string[];
  /**
   * BuildKit: where layers are kept for later builds, `docker buildx build --cache-to`, such as type=registry,ref=HOST/REPOSITORY.
   * Default: the builder's own cache alone.
   */
  cacheTo?: string[];
  /** The network of RUN instructions, `docker build --network`. Default: Docker's own. */
  network?: string;
  /** Further host names for RUN instructions, as host:address, `docker build --add-host`. Default: none. */
  extraHosts?: string[];
}

/** Credentials of a registry. Default for each image: those of the user's Docker configuration (`docker login`). */
export interface RegistryAuth {
  /** The registry's host, as in `docker login HOST`. Default: the host of the repository. */
  server?: pulumi.Input<string>;
  /** The user's name, `docker login --username`. */
  username?: pulumi.Input<string>;
  /** The password or access token, `docker login --password-stdin`. Always kept as a secret. */
  password?: pulumi.Input<string>;
}

/** What a versioned image is made of and where it is published. */
export interface VersionedImageArgs {
  /** The directory that Docker builds from, relative to the program's working directory. */
  context: string;
  /**
   * The files and directories that the image is made of, relative to the context. The version covers these alone, and
   * nothing else of the context can enter the image; the Dockerfile is always among them. Default: the whole context.
   */
  paths?: string[];
  /**
   * The Dockerfile, relative to the context; `docker build --file` is relative to the working directory. It may be anywhere in the repository,
   * for instance ../../docker/api.Dockerfile: the version covers it, and the .dockerignore file that is named after it.
   * Default: Dockerfile.
   */
  dockerfile?: string;
  /**
   * The repository to publish to, registry host included and without a tag. Best one that only this image uses: the second of two
   * images of a program that have the same repository and tag is refused (InvalidArgument).
   * Default: gcr.io/PROJECT/NAME with the configured gcp:project and the name of the context's directory.
   */
  repository?: pulumi.Input<string>;
  /**
   * Build the directory as it is on disk, uncommitted changes included, and publish it under a tag that ends in -debug
   * and may be overwritten. Default: false.
   */
  debug?: boolean;
  /**
   * Whether this stack may build and push the version. If not, it uses what the registry holds, and a version that is not
   * there fails the preview (error NotPublished). Default: true.
   */
  publish?: boolean;
  /**
   * A repository from which a version that `repository` lacks is copied, digest for digest, instead of being built; its labels are checked
   * first, and one that neither of the two has is built, or with publish: false refused (error NotPublished). It is asked with the
   * credentials of the user's Docker configuration, or with `registryAuth` if it is in the same registry. A debug image is never copied.
   * Errors: InvalidArgument for what is no other repository. Default: none.
   */
  copyFrom?: pulumi.Input<string>;
  /**
   * The commit, tag or branch whose version of the image is used, so that it can stay at an older one. An image that the registry has is taken
   * if its labels prove the version; that it was built in another way is a warning. One that it lacks is built with the arguments, paths and
   * Dockerfile that the program names (error NotInRevision if the commit lacks one). What is on disk plays no part. Errors:
   * RevisionNotFound if the clone has no such commit, InvalidArgument together with `debug`. Default: HEAD, and nothing uncommitted.
   */
  revision?: string;
  /** Accepted for programs of before; decides nothing: whether the registry refuses to overwrite tags is found out. */
  immutableTags?: boolean;
  /** What names the version: the last commit that touched the paths, or the hash of their content. Default: Commit. */
  tagPolicy?: TagPolicy;
  /** How many hexadecimal digits of the hash the tag has, 7 to 40. Default: 7. */
  tagLength?: number;
  /**
   * What stands before the hash in the tag, for instance git-: YAML takes a hash of digits alone for a number. It must not end in a
   * hexadecimal digit (error InvalidArgument). Default: nothing.
   */
  tagPrefix?: string;
  /**
   * Further tags that are moved to the image whenever this stack begins to use another version, for instance latest; `docker tag`
   * and `docker push`. None that looks like a version or a release, such as v1.2.3, which is one of `releaseTags` (error InvalidArgument),
   * and for a registry that lets tags be moved (error TagRefused). A debug image and a stack with publish: false move none. Nothing
   * should run by them: use `reference`. Default: none.
   */
  alsoTag?: string[];
  /**
   * Further tags that are written once, as the version's own is, for instance v1.4.0; one that is added later is set in the next update. One
   * that another image has is refused in the preview (error ReleaseTagTaken). None that looks like a version, nor with `debug` or
   * publish: false (error InvalidArgument). Default: none.
   */
  releaseTags?: pulumi.Input<string>[];
  /** How the image is built. Default: a linux/amd64 build of the last stage without arguments. */
  build?: BuildOptions;
  /** Credentials of the registry. Default: those of the user's Docker configuration or credential helper. */
  registryAuth?: RegistryAuth;
}
