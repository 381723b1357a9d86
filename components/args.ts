import type * as pulumi from "@pulumi/pulumi";
import type { TagPolicy } from "./version";

/** What builds an image. Both push its content without touching the version's tag. */
export enum Builder {
  /** `docker build`, by @pulumi/docker. */
  Docker = "Docker",
  /** `docker buildx build`, by @pulumi/docker-build, which must be installed (error BuildKitNotInstalled). */
  BuildKit = "BuildKit",
}

/** A base image from the same git repository. In TypeScript pass the VersionedImage; in other languages pass three of its outputs. */
export interface BaseImage {
  /** Its `reference`: repository:tag@sha256:…. */
  reference: pulumi.Input<string>;
  /** Its `covers`, which must be known in a preview (error InvalidArgument). */
  covers: pulumi.Input<string[]>;
  /** Its `tag`, which must be known in a preview (error InvalidArgument). */
  tag: pulumi.Input<string>;
}

/** How the image is built from its files. */
export interface BuildOptions {
  /** What builds the image. Default: Docker. */
  builder?: Builder;
  /**
   * BuildKit: the builder instance, `docker buildx build --builder`. It must exist (error BuilderNotFound) and must not have the driver
   * docker (error BuilderUnsupported). Default: an existing one with another driver, or a new one in a container.
   */
  builderName?: string;
  /**
   * Build arguments, `docker build --build-arg`. Default: none. They are visible in the image's history, so a Pulumi
   * secret is refused (error SecretBuildArgument); with BuildKit pass it in `secrets`.
   */
  args?: Record<string, pulumi.Input<string>>;
  /**
   * Base images from the same git repository, by the name of the build argument that gets the reference: `ARG BASE` and `FROM $BASE`.
   * With BuildKit each is also a named context, by that name in lower case: `FROM base`. The version covers what they cover, so a change
   * of a base gives the image a new version. A base whose labels do not prove that it was built from this commit is refused (error
   * BaseMismatch). Default: none.
   */
  bases?: Record<string, BaseImage>;
  /** The stage of the Dockerfile to build, `docker build --target`. Default: the last one. */
  target?: string;
  /** The platform of the image, as os/arch or os/arch/variant, `docker build --platform`. Default: linux/amd64, on every machine. */
  platform?: pulumi.Input<string>;
  /**
   * BuildKit: the platforms of the image, `docker buildx build --platform`; several give one index with an image for each. Can't be
   * combined with `platform` (error InvalidArgument). Default: that of `platform`.
   */
  platforms?: pulumi.Input<string>[];
  /**
   * BuildKit: secrets by id, `docker buildx build --secret`, for `RUN --mount=type=secret,id=ID`. They are in no layer, label or log,
   * and a changed value does not change the version. Default: none.
   */
  secrets?: Record<string, pulumi.Input<string>>;
  /** BuildKit: SSH agents for `RUN --mount=type=ssh`, `docker buildx build --ssh`: default, or ID=SOCKET. Default: none. */
  ssh?: string[];
  /**
   * BuildKit: named contexts, `docker buildx build --build-context`, for `FROM NAME`, `COPY --from=NAME` and `RUN --mount=from=NAME`.
   * Either a directory in the same git repository, relative to the program's working directory, which the version covers like `paths`;
   * or an image, docker-image://REFERENCE@sha256:DIGEST (error InvalidArgument without the digest), also as an Output. Default: none.
   */
  contexts?: Record<string, pulumi.Input<string>>;
  /**
   * Cache sources, `docker build --cache-from`: images, and with BuildKit whatever `docker buildx build --cache-from` accepts, such as
   * type=registry,ref=HOST/REPOSITORY. Default: none.
   */
  cacheFrom?: string[];
  /**
   * BuildKit: cache exports for later builds, `docker buildx build --cache-to`, such as type=registry,ref=HOST/REPOSITORY.
   * Default: only the builder's own cache.
   */
  cacheTo?: string[];
  /** The network of RUN instructions, `docker build --network`. Default: Docker's own. */
  network?: string;
  /** Additional host names for RUN instructions, as host:address, `docker build --add-host`. Default: none. */
  extraHosts?: string[];
}

/** Credentials of a registry. Default for each image: those of the user's Docker configuration (`docker login`). */
export interface RegistryAuth {
  /** The registry's host, as in `docker login HOST`. Default: the host of the repository. */
  server?: pulumi.Input<string>;
  /** The user's name, `docker login --username`. */
  username?: pulumi.Input<string>;
  /** The password or access token, `docker login --password-stdin`. Always a Pulumi secret. */
  password?: pulumi.Input<string>;
}

/** What a versioned image is built from, and where it is published. */
export interface VersionedImageArgs {
  /** The build context: a directory, relative to the program's working directory. */
  context: string;
  /**
   * The files and directories that the image is built from, relative to the context. The version covers only these and the
   * Dockerfile, and the build gets no other files of the context. Default: the whole context.
   */
  paths?: string[];
  /**
   * The Dockerfile, relative to the context (unlike `docker build --file`, which is relative to the working directory). It can be anywhere
   * in the git repository, for instance ../../docker/api.Dockerfile. The version covers it and its own .dockerignore file, for instance
   * ../../docker/api.Dockerfile.dockerignore. Default: Dockerfile.
   */
  dockerfile?: string;
  /**
   * The repository to publish to, with the registry's host and without a tag. Use one for each image: if two images of a program
   * have the same repository and tag, the second one is refused (error InvalidArgument).
   * Default: gcr.io/PROJECT/NAME, with the configured gcp:project and the name of the context's directory.
   */
  repository?: pulumi.Input<string>;
  /**
   * Build the directory on disk, with uncommitted changes, and publish it under a tag that ends in -debug and is overwritten by the
   * next build. Default: false.
   */
  debug?: boolean;
  /**
   * Whether this stack builds and pushes the version. If false, it only uses versions that the registry has; if one is missing, the
   * preview fails (error NotPublished). Default: true.
   */
  publish?: boolean;
  /**
   * A repository to copy from. A version that `repository` lacks is copied from here with its digest, instead of being built; its labels
   * are checked first. A version that is in neither is built, or with publish: false refused (error NotPublished). Credentials are those
   * of the user's Docker configuration, or `registryAuth` if both are in the same registry. Debug images are never copied. Must be
   * another repository (error InvalidArgument). Default: none.
   */
  copyFrom?: pulumi.Input<string>;
  /**
   * Use the image's version at this commit, tag or branch, for instance to stay at an older one. If the registry has that
   * version and its labels prove it, it is used; if it was built with other arguments, a warning says so. A version that the
   * registry lacks is built with the program's arguments, paths and Dockerfile (error NotInRevision if the commit lacks one).
   * Files on disk are ignored. Errors: RevisionNotFound if the clone has no such commit, InvalidArgument together with `debug`.
   * Default: HEAD, without uncommitted changes.
   */
  revision?: string;
  /** No longer used: whether the registry's tags are immutable is detected. Accepted for older programs. */
  immutableTags?: boolean;
  /** Whether the version is named by the last commit that touched the paths, or by the hash of their content. Default: Commit. */
  tagPolicy?: TagPolicy;
  /** The number of hexadecimal digits of the hash in the tag, 7 to 40. Default: 7. */
  tagLength?: number;
  /**
   * A prefix of the tag, before the hash, for instance git-; without one YAML reads a hash of only digits as a number. It must not end
   * in a hexadecimal digit (error InvalidArgument). Default: none.
   */
  tagPrefix?: string;
  /**
   * Additional tags that move to the image whenever this stack uses another version, for instance latest; like `docker tag` and
   * `docker push`. A tag that looks like a version or a release, such as v1.2.3, is refused (error InvalidArgument): use `releaseTags`.
   * The registry's tags must be mutable (error TagRefused). Debug images and stacks with publish: false move no tags. Deploy by
   * `reference`, not by these tags. Default: none.
   */
  alsoTag?: string[];
  /**
   * Additional tags that are written once, like the version's own tag, for instance v1.4.0. A tag that is added later is set in the next
   * update. If another image has the tag, the preview fails (error ReleaseTagTaken). A tag that looks like a version is refused, and so
   * are `debug` and publish: false with release tags (error InvalidArgument). Default: none.
   */
  releaseTags?: pulumi.Input<string>[];
  /** Build options. Default: a linux/amd64 build of the last stage, without arguments. */
  build?: BuildOptions;
  /** Credentials of the registry. Default: those of the user's Docker configuration or credential helper. */
  registryAuth?: RegistryAuth;
}
