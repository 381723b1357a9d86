import { Builder, type BuildOptions } from "../args";
import { invalidArgument, type VersionedImageError } from "../errors";
import { dependsOnResource } from "../pulumi";
import { namedContexts } from "../version";
import { refuseUnfitBases } from "./bases";
import { knownInputs } from "./buildInputs";

/** What only BuildKit can do. */
const OF_BUILDKIT = ["builderName", "platforms", "secrets", "ssh", "contexts", "cacheTo"] as const;

/**
 * The directories of the named contexts, which the version covers. What a preview does not know is taken for an image. Throws
 * InvalidArgument for options that can't be, and for directories of which a preview may not know that they are some.
 */
export async function contextDirectories(options: BuildOptions = {}): Promise<Record<string, string>> {
  refuseUnfit(options);
  refuseUnfitBases(options);
  const { contexts = {} } = options;
  const { directories } = namedContexts((await knownInputs(contexts)).known);
  for (const [name, directory] of Object.entries(directories)) {
    if (await dependsOnResource(contexts[name])) {
      throw invalidArgument(
        `build.contexts.${name} is the directory ${JSON.stringify(directory)} from a resource's output. The version covers it, so ` +
          "each preview must know it. Pass a plain string.",
      );
    }
  }
  return directories;
}

/** Throws InvalidArgument for options that the builder does not have, or that can't be given together. */
function refuseUnfit(options: BuildOptions): void {
  const { builder = Builder.Docker, platform, platforms, cacheFrom = [], ssh = [] } = options;
  if (!Object.values(Builder).includes(builder)) {
    throw invalid("builder", builder, `use ${Object.values(Builder).join(" or ")}`);
  }
  if (builder === Builder.Docker) {
    refuseWithDocker(options, cacheFrom);
  }
  if (platform !== undefined && platforms !== undefined) {
    throw invalidArgument(
      "build.platform and build.platforms can't be set together. Set all platforms in build.platforms.",
    );
  }
  if (platforms !== undefined && platforms.length === 0) {
    throw invalid("platforms", platforms, "name at least one platform, or leave it out for linux/amd64");
  }
  for (const id of Object.keys(options.secrets ?? {})) {
    if (id === "" || /[,=\s]/.test(id)) {
      throw invalid("secrets", id, "an id can't contain a comma, an equals sign or white space");
    }
  }
  for (const agent of ssh) {
    if (!/^(default|[^=,\s]+=[^=,]+)$/.test(agent)) {
      throw invalid("ssh", agent, "use default, or ID=SOCKET");
    }
  }
}

function refuseWithDocker(options: BuildOptions, cacheFrom: string[]): void {
  const unfit: string[] = OF_BUILDKIT.filter((option) => options[option] !== undefined);
  if (cacheFrom.some((source) => /^type=|,/.test(source))) {
    unfit.push("cacheFrom with type=");
  }
  if (unfit.length > 0) {
    throw invalidArgument(
      `${unfit.map((option) => `build.${option}`).join(" and ")} can't be used with the builder Docker. Set build.builder to BuildKit.`,
    );
  }
}

function invalid(option: string, value: unknown, remedy: string): VersionedImageError {
  return invalidArgument(`build.${option} is ${JSON.stringify(value)}: ${remedy}.`);
}
