import { Builder, type BuildOptions } from "../args";
import { VersionedImageError } from "../errors";

/** The named contexts of a build, by where they come from. */
export interface NamedContexts {
  /** Directories, relative to the working directory. */
  directories: Record<string, string>;
  /** Images, as docker-image://REFERENCE@DIGEST. */
  images: Record<string, string>;
}

/** What only BuildKit can do. */
const OF_BUILDKIT = ["builderName", "platforms", "secrets", "ssh", "contexts", "cacheTo"] as const;

/** The directories of the named contexts, which the version covers. Throws InvalidArgument for options that can't be. */
export function contextDirectories(options: BuildOptions = {}): Record<string, string> {
  refuseUnfit(options);
  return namedContexts(options.contexts).directories;
}

/** Throws InvalidArgument for options that the builder does not have, or that can't be given together. */
function refuseUnfit(options: BuildOptions): void {
  const { builder = Builder.Docker, platform, platforms, cacheFrom = [], ssh = [] } = options;
  if (!Object.values(Builder).includes(builder)) {
    throw invalid("builder", builder, `say ${Object.values(Builder).join(" or ")}`);
  }
  if (builder === Builder.Docker) {
    refuseWithDocker(options, cacheFrom);
  }
  if (platform !== undefined && platforms !== undefined) {
    throw new VersionedImageError(
      "InvalidArgument",
      "build.platform and build.platforms can't be given together: give all platforms in build.platforms.",
    );
  }
  if (platforms !== undefined && platforms.length === 0) {
    throw invalid("platforms", platforms, "name at least one platform, or leave it out for linux/amd64");
  }
  for (const id of Object.keys(options.secrets ?? {})) {
    if (id === "" || /[,=\s]/.test(id)) {
      throw invalid("secrets", id, "an id has no comma, no equals sign and no white space");
    }
  }
  for (const agent of ssh) {
    if (!/^(default|[^=,\s]+=[^=,]+)$/.test(agent)) {
      throw invalid("ssh", agent, "say default, or ID=SOCKET");
    }
  }
}

function refuseWithDocker(options: BuildOptions, cacheFrom: string[]): void {
  const unfit: string[] = OF_BUILDKIT.filter((option) => options[option] !== undefined);
  if (cacheFrom.some((source) => /^type=|,/.test(source))) {
    unfit.push("cacheFrom with type=");
  }
  if (unfit.length > 0) {
    throw new VersionedImageError(
      "InvalidArgument",
      `${unfit.map((option) => `build.${option}`).join(" and ")} can't be had with the builder Docker: set build.builder to BuildKit.`,
    );
  }
}

/** Sorts named contexts by where they come from. Throws InvalidArgument for a name or a place that can't be one. */
export function namedContexts(contexts: Record<string, string> = {}): NamedContexts {
  const found: NamedContexts = { directories: {}, images: {} };
  for (const [name, where] of Object.entries(contexts)) {
    // Docker takes the name for that of an image, so what can't be one would never be asked for.
    if (!/^[a-z0-9]+([._:/@-]+[a-z0-9]+)*$/.test(name)) {
      throw invalid("contexts", name, "a name has lower-case letters and digits, with . _ - : / or @ between them");
    }
    const [, scheme] = /^([a-z][a-z0-9+.-]*):/.exec(where) ?? [];
    if (scheme === undefined) {
      found.directories[name] = where;
    } else if (scheme !== "docker-image" || !/^docker-image:\/\/[^@\s,]+@sha256:[0-9a-f]{64}$/.test(where)) {
      throw invalid(
        `contexts.${name}`,
        where,
        "give a directory of the repository, or an image with its digest (docker-image://REFERENCE@sha256:DIGEST), so that the " +
          "same commit is built from the same content",
      );
    } else {
      found.images[name] = where;
    }
  }
  return found;
}

function invalid(option: string, value: unknown, remedy: string): VersionedImageError {
  return new VersionedImageError("InvalidArgument", `build.${option} is ${JSON.stringify(value)}: ${remedy}.`);
}
