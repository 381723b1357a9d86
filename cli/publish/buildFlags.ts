import { Builder } from "../../components/args";
import { VersionedImageError } from "../../components/errors";
import { contextNameOf, isBaseName, namedContexts, platformsOf } from "../../components/version";

/** What builds the images. */
export interface BuilderFlags {
  /** Whether BuildKit builds, by buildx. */
  buildkit?: boolean;
  /** The builder instance, which means BuildKit. */
  builder?: string;
}

/** How the images are built, by the names of `docker build`. */
export interface BuildFlags extends BuilderFlags {
  /** NAME=VALUE, or NAME for the value that the environment has. */
  buildArg?: string[];
  target?: string;
  /** Each one platform, or several with commas between them. */
  platform?: string[];
  /** Named contexts and bases, by name. */
  buildContext?: Record<string, string>;
  base?: Record<string, string[]>;
  secret?: string[];
  ssh?: string[];
  cacheFrom?: string[];
  cacheTo?: string[];
  network?: string;
  addHost?: string[];
}

/** How an image is built. */
export interface Build {
  builder: Builder;
  /** Buildx's builder instance. Default: its current one. */
  builderName: string | undefined;
  platforms: [string, ...string[]];
  target: string | undefined;
  args: Record<string, string>;
  /** Named contexts that are images. */
  images: Record<string, string>;
  secrets: string[];
  ssh: string[];
  cacheFrom: string[];
  cacheTo: string[];
  network: string | undefined;
  hosts: string[];
}

/** Reads the options. Throws InvalidArgument for what can't be, or can't be had with the builder. */
export function buildOf(flags: BuildFlags, env: NodeJS.ProcessEnv): Build {
  const { target, network } = flags;
  const build = {
    ...builderOf(flags),
    platforms: platformsOf(
      (flags.platform ?? []).flatMap((given) => given.split(",")),
      "--platform",
    ),
    target,
    args: argumentsOf(flags.buildArg ?? [], env),
    images: namedContexts(flags.buildContext).images,
    secrets: flags.secret ?? [],
    ssh: flags.ssh ?? [],
    cacheFrom: flags.cacheFrom ?? [],
    cacheTo: flags.cacheTo ?? [],
    network,
    hosts: flags.addHost ?? [],
  };
  if (build.builder === Builder.Docker) {
    refuseWithDocker({
      "--build-context": flags.buildContext !== undefined,
      "--secret": flags.secret !== undefined,
      "--ssh": flags.ssh !== undefined,
      "--cache-to": flags.cacheTo !== undefined,
      "several platforms": build.platforms.length > 1,
      "--cache-from type=…": build.cacheFrom.some((source) => /^type=|,/.test(source)),
    });
  }
  refuseUnfitBases(flags, build.args);
  return build;
}

export function builderOf({ buildkit = false, builder }: BuilderFlags): Pick<Build, "builder" | "builderName"> {
  return {
    builder: buildkit || builder !== undefined ? Builder.BuildKit : Builder.Docker,
    builderName: builder,
  };
}

function argumentsOf(given: string[], env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const [, name = text, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
      const known = value ?? env[name];
      if (known === undefined) {
        throw invalid(`--build-arg ${text}`, "the environment has no such variable. Use NAME=VALUE, or set it");
      }
      return [name, known];
    }),
  );
}

/** Throws InvalidArgument if anything is wanted of what only BuildKit can do; `of`: of which image. */
export function refuseWithDocker(wanted: Record<string, boolean>, of = ""): void {
  const unfit = Object.keys(wanted).filter((name) => wanted[name]);
  if (unfit.length > 0) {
    throw invalid(
      `${unfit.join(" and ")}${of}`,
      "`docker build` does not support this. Add --buildkit to build with `docker buildx build`",
    );
  }
}

function refuseUnfitBases({ base = {}, buildContext = {} }: BuildFlags, args: Record<string, string>): void {
  const taken = new Set(Object.keys(buildContext));
  for (const name of Object.keys(base)) {
    if (!isBaseName(name)) {
      throw invalid(
        `--base ${name}`,
        "the name must be valid for a build argument, such as BASE: letters and digits, with _ between them",
      );
    }
    if (Object.hasOwn(args, name)) {
      throw invalid(`--base ${name}`, `--build-arg ${name} is set, too. Remove it`);
    }
    if (taken.has(contextNameOf(name))) {
      throw invalid(`--base ${name}`, `the named context ${contextNameOf(name)} is something else. Use another name`);
    }
    taken.add(contextNameOf(name));
  }
}

function invalid(what: string, why: string): VersionedImageError {
  return new VersionedImageError("InvalidArgument", `${what}: ${why}.`);
}
