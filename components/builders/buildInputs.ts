import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { BuildOptions } from "../args";
import { VersionedImageError } from "../errors";
import { isSecret, knownValue } from "../pulumi";

export const DEFAULT_PLATFORM = "linux/amd64";

/** Build options with their defaults. */
export interface BuildInputs extends BuildOptions {
  platform: string;
  /** The values of the build arguments; undefined while a preview can't know all of them. */
  knownArgs: Record<string, string> | undefined;
}

/** Fills in defaults and waits for the build arguments. Throws SecretBuildArgument for a Pulumi secret among them. */
export async function resolveBuild(options: BuildOptions = {}): Promise<BuildInputs> {
  const platform = options.platform ?? DEFAULT_PLATFORM;
  if (!/^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9]+)?$/.test(platform)) {
    throw new VersionedImageError(
      "InvalidArgument",
      `build.platform is ${JSON.stringify(platform)}: give it as os/arch or os/arch/variant, for instance linux/arm64.`,
    );
  }
  const args = options.args ?? {};
  for (const [name, value] of Object.entries(args)) {
    if (await isSecret(value)) {
      throw new VersionedImageError(
        "SecretBuildArgument",
        `build.args.${name} is a Pulumi secret: build arguments can be read in the image's history by whoever can pull it. ` +
          "Give the secret to the container when it runs, for instance as an environment variable from a Kubernetes Secret.",
      );
    }
  }
  return {
    ...options,
    platform,
    knownArgs: await knownValue<Record<string, string>>(pulumi.output(args) as pulumi.Output<Record<string, string>>),
    // The order makes no difference to the build, so it must make none to the resource.
    extraHosts: options.extraHosts && [...options.extraHosts].sort(),
  };
}

/**
 * One line that two builds of the same files share exactly if their images may be taken for each other: platform, target,
 * Dockerfile and a hash of the build arguments. Undefined while the arguments are unknown.
 */
export function buildFingerprint(build: BuildInputs, dockerfile: string): string | undefined {
  if (!build.knownArgs) {
    return undefined;
  }
  const parts = [`platform=${build.platform}`, `dockerfile=${dockerfile}`];
  if (build.target !== undefined) {
    parts.push(`target=${build.target}`);
  }
  const args = Object.entries(build.knownArgs).sort(([a], [b]) => (a < b ? -1 : 1));
  if (args.length > 0) {
    parts.push(`args=${createHash("sha256").update(JSON.stringify(args)).digest("hex").slice(0, 16)}`);
  }
  return parts.join(" ");
}
