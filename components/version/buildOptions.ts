import { invalidArgument, type VersionedImageError } from "../errors";

/** The named contexts of a build, by where they come from. */
export interface NamedContexts {
  /** Directories, relative to the working directory. */
  directories: Record<string, string>;
  /** Images, as docker-image://REFERENCE@DIGEST. */
  images: Record<string, string>;
}

/** Sorts named contexts by where they come from. Throws InvalidArgument for a name or a place that can't be one. */
export function namedContexts(contexts: Record<string, string> = {}): NamedContexts {
  const found: NamedContexts = { directories: {}, images: {} };
  for (const [name, where] of Object.entries(contexts)) {
    // Docker takes the name for that of an image, so what can't be one would never be asked for.
    if (!/^[a-z0-9]+([._:/@-]+[a-z0-9]+)*$/.test(name)) {
      throw invalid("build.contexts", name, "use lower-case letters and digits, with . _ - : / or @ between them");
    }
    const [, scheme] = /^([a-z][a-z0-9+.-]*):/.exec(where) ?? [];
    if (scheme === undefined) {
      found.directories[name] = where;
    } else if (scheme !== "docker-image" || !/^docker-image:\/\/[^@\s,]+@sha256:[0-9a-f]{64}$/.test(where)) {
      throw invalid(
        `build.contexts.${name}`,
        where,
        "use a directory in the repository, or an image with its digest (docker-image://REFERENCE@sha256:DIGEST), so that one " +
          "commit always gives the same build",
      );
    } else {
      found.images[name] = where;
    }
  }
  return found;
}

function invalid(what: string, value: string, remedy: string): VersionedImageError {
  return invalidArgument(`${what} is ${JSON.stringify(value)}: ${remedy}.`);
}

/** Whether a base can have this name: that of the build argument that has its reference. */
export function isBaseName(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9]*(_+[A-Za-z0-9]+)*$/.test(name);
}

/** The named context that BuildKit has for a base. */
export function contextNameOf(base: string): string {
  return base.toLowerCase();
}

/** What an image is built for where nobody says it, whatever the machine is that builds. */
export const DEFAULT_PLATFORM = "linux/amd64";

/**
 * Platforms as a build has them, sorted and each once; the default where none is given. `option`: what they were given as, for messages. Throws
 * InvalidArgument for one that can't be.
 */
export function platformsOf(given: string[], option: string): [string, ...string[]] {
  const [first = DEFAULT_PLATFORM, ...others] = [...new Set(given)].sort();
  for (const platform of [first, ...others]) {
    if (!/^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9]+)?$/.test(platform)) {
      throw invalidArgument(
        `${option} is ${JSON.stringify(platform)}. Use os/arch or os/arch/variant, for instance linux/arm64.`,
      );
    }
  }
  return [first, ...others];
}
