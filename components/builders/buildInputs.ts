import type * as pulumi from "@pulumi/pulumi";
import { Builder, type BuildOptions } from "../args";
import { VersionedImageError } from "../errors";
import { isSecret, knownValue } from "../pulumi";
import { fingerprintOf, type NamedContexts, namedContexts, platformsOf, type Version } from "../version";
import { type BuildBase, buildBase } from "./bases";

/** Values by their names, as far as a preview knows them. */
export interface KnownInputs {
  known: Record<string, string>;
  /** The names of those that it can't know yet. */
  unknown: string[];
}

export async function knownInputs(inputs: Record<string, pulumi.Input<string>> = {}): Promise<KnownInputs> {
  const known: Record<string, string> = {};
  const unknown: string[] = [];
  for (const [name, input] of Object.entries(inputs)) {
    const value = await knownValue(input);
    if (value === undefined) {
      unknown.push(name);
    } else {
      known[name] = value;
    }
  }
  return { known, unknown };
}

/** Build options with their defaults. */
export interface BuildInputs extends Omit<BuildOptions, "platform" | "platforms" | "contexts" | "bases"> {
  builder: Builder;
  /** Sorted, each once; undefined while a preview can't know all of them. */
  platforms: [string, ...string[]] | undefined;
  /** The named contexts that are known. */
  contexts: NamedContexts;
  /** Those that are images, known or not. */
  imageContexts: Record<string, pulumi.Input<string>>;
  /** The images that it is built on, by their names. */
  bases: Record<string, BuildBase>;
  /** The build arguments that are known. */
  knownArgs: Record<string, string>;
  /** What a preview can't know yet of all that decides the content, as the program names it: `build.args.MODE`. */
  unknown: string[];
}

/**
 * Fills in defaults and waits for what may be an Output. Throws InvalidArgument for a platform that can't be, SecretBuildArgument for a
 * Pulumi secret among the arguments.
 */
export async function resolveBuild(options: BuildOptions = {}): Promise<BuildInputs> {
  const { platform, platforms, contexts = {}, bases = {}, builder = Builder.Docker, args = {}, ...others } = options;
  for (const [name, value] of Object.entries(args)) {
    if (await isSecret(value)) {
      throw secretArgument(name, builder);
    }
  }
  const given = platforms ?? (platform === undefined ? [] : [platform]);
  const givenPlatforms = await knownInputs(Object.fromEntries(given.entries()));
  const givenContexts = await knownInputs(contexts);
  const givenArgs = await knownInputs(args);
  const named = namedContexts(givenContexts.known);
  const isDirectory = (name: string) => Object.hasOwn(named.directories, name);
  return {
    ...others,
    args: options.args,
    builder,
    // buildx itself takes a name in any case, and keeps it in lower case.
    builderName: options.builderName?.toLowerCase(),
    platforms:
      givenPlatforms.unknown.length > 0
        ? undefined
        : platformsOf(Object.values(givenPlatforms.known), platforms ? "build.platforms" : "build.platform"),
    contexts: named,
    imageContexts: Object.fromEntries(Object.entries(contexts).filter(([name]) => !isDirectory(name))),
    bases: Object.fromEntries(Object.entries(bases).map(([name, base]) => [name, buildBase(base)])),
    knownArgs: givenArgs.known,
    unknown: [
      ...givenArgs.unknown.map((name) => `build.args.${name}`),
      ...givenContexts.unknown.map((name) => `build.contexts.${name}`),
      ...(givenPlatforms.unknown.length > 0 ? [platforms ? "build.platforms" : "build.platform"] : []),
    ],
    // The order makes no difference to the build, so it must make none to the resource.
    extraHosts: options.extraHosts && [...options.extraHosts].sort(),
  };
}

function secretArgument(name: string, builder: Builder): VersionedImageError {
  const remedy =
    builder === Builder.BuildKit
      ? `Pass it as build.secrets.${name}, and read it with RUN --mount=type=secret,id=${name}.`
      : "Pass the secret to the container at run time, for instance as an environment variable from a Kubernetes Secret. If the " +
        `build needs it, set build.builder to BuildKit, and pass it as build.secrets.${name}.`;
  return new VersionedImageError(
    "SecretBuildArgument",
    `build.args.${name} is a Pulumi secret, but everyone who can pull the image can read build arguments in its history. ${remedy}`,
  );
}

/** All build arguments of a build; undefined if it has none. */
export function buildArguments({ args, bases }: BuildInputs): Record<string, pulumi.Input<string>> | undefined {
  const references = Object.entries(bases).map(([name, { reference }]) => [name, reference] as const);
  return args || references.length > 0 ? { ...args, ...Object.fromEntries(references) } : undefined;
}

/** What the image says of how it was built. Undefined while something of it is unknown. */
export function buildFingerprint(
  { platforms, target, knownArgs, contexts: { images }, unknown }: BuildInputs,
  dockerfile: string,
  { contexts = {}, bases = {} }: Partial<Pick<Version, "contexts" | "bases">> = {},
): string | undefined {
  return platforms && unknown.length === 0
    ? fingerprintOf({ platforms, target, args: knownArgs, images }, dockerfile, { contexts, bases })
    : undefined;
}
