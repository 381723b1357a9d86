import type { ImageArgs } from "@pulumi/docker-build";
import * as pulumi from "@pulumi/pulumi";
import { imageExport } from "../docker";
import { VersionedImageError } from "../errors";
import { unknownOutput } from "../pulumi";
import { contextNameOf, imageAnnotations, sourceDateEpoch } from "../version";
import type { ContentRequest, ImageBuilder } from "./builder";
import { type BuildInputs, buildArguments } from "./buildInputs";

/**
 * BuildKit, by Pulumi's provider for it. Same commit, same digest: all times in the image are one, and nothing is attested that another
 * build would say otherwise. It reads the context whenever it is declared, so the files must be there in each run.
 */
export const buildKitBuilder: ImageBuilder = {
  declare(request) {
    const { name, component, context, registryAuth, settled, hooks } = request;
    const { context: location, dockerfile } = pulumi.output(context);
    const { Image } = dockerBuild();
    const image = new Image(
      name,
      {
        ...optionsOf(request.build),
        context: {
          location,
          named: pulumi.output(context).apply(({ named: known }) => namedInputs(known, request.build)),
        },
        dockerfile: { location: dockerfile },
        buildArgs: argumentsOf(request),
        labels: request.labels,
        exports: [{ raw: exportOf(request) }],
        push: false,
        // It would be built in each preview.
        buildOnPreview: false,
        registries: registryAuth && [
          {
            address: registryAuth.server ?? pulumi.output(request.spec).apply(hostOf),
            username: registryAuth.username,
            password: registryAuth.password === undefined ? undefined : pulumi.secret(registryAuth.password),
          },
        ],
      } as ImageArgs,
      {
        parent: component,
        hooks,
        ignoreChanges: settled ? HOW_IT_IS_BUILT : [],
        // The provider would delete the image from the registry.
        retainOnDelete: true,
        protect: false,
      },
    );
    return {
      resource: image,
      digest: image.digest as pulumi.Output<string>,
      context: image.context.apply((built) => built?.location as string),
    };
  },

  contextIn(inputs) {
    return (inputs?.context as { location?: unknown } | undefined)?.location;
  },
};

/** The programs that build with Docker alone need not have the package. */
function dockerBuild(): typeof import("@pulumi/docker-build") {
  try {
    return require("@pulumi/docker-build");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") {
      throw error;
    }
    throw new VersionedImageError(
      "BuildKitNotInstalled",
      "build.builder is BuildKit, which needs the package @pulumi/docker-build. Run `npm install @pulumi/docker-build`.",
      { cause: error },
    );
  }
}

/** Throws BuildKitNotInstalled. */
export function requireBuildKit(): void {
  dockerBuild();
}

function exportOf({ spec, labels, build, committedAt }: ContentRequest): pulumi.Output<string> {
  return pulumi.all([spec, labels]).apply(([name, said]) =>
    imageExport(name, {
      reproducible: committedAt !== undefined,
      annotations: imageAnnotations(said),
      severalPlatforms: (build.platforms ?? []).length > 1,
    }),
  );
}

function optionsOf({ builderName, platforms, target, network, ...build }: BuildInputs): Partial<ImageArgs> {
  const { extraHosts, cacheFrom, cacheTo, ssh, secrets } = build;
  return {
    builder: builderName === undefined ? undefined : { name: builderName },
    platforms: (platforms ?? unknownOutput()) as ImageArgs["platforms"],
    target,
    network: network as ImageArgs["network"],
    addHosts: extraHosts,
    cacheFrom: cacheFrom?.map((source) => ({ raw: /^type=|,/.test(source) ? source : `type=registry,ref=${source}` })),
    cacheTo: cacheTo?.map((raw) => ({ raw })),
    ssh: ssh?.map((agent) => {
      const [id = "", socket] = agent.split("=");
      return { id, paths: socket === undefined ? undefined : [socket] };
    }),
    secrets: secrets && Object.fromEntries(Object.entries(secrets).map(([id, value]) => [id, pulumi.secret(value)])),
    // What a secret is has no part in what is built, or it would be no secret.
    ignoreSecretsInDiffCalculation: secrets && Object.keys(secrets).sort(),
  };
}

function namedInputs(directories: Record<string, string> | undefined, { imageContexts, bases }: BuildInputs) {
  const images = Object.entries(bases).map(([name, { reference }]) => [
    contextNameOf(name),
    pulumi.interpolate`docker-image://${reference}`,
  ]);
  const all = Object.entries<pulumi.Input<string>>({
    ...directories,
    ...imageContexts,
    ...Object.fromEntries(images),
  });
  return all.length === 0 ? undefined : Object.fromEntries(all.map(([name, location]) => [name, { location }]));
}

/** A Dockerfile may ask for the commit's time; what BuildKit itself writes has a time that is always the same. */
function argumentsOf({ build, committedAt }: ContentRequest): ImageArgs["buildArgs"] {
  const epoch = committedAt && sourceDateEpoch(committedAt);
  const args = buildArguments(build);
  return epoch || args ? { ...epoch, ...args } : undefined;
}

function hostOf(spec: string): string {
  return spec.slice(0, spec.indexOf("/"));
}

const HOW_IT_IS_BUILT = [
  "addHosts",
  "buildArgs",
  "builder",
  "cacheFrom",
  "cacheTo",
  "exports",
  "labels",
  "network",
  "platforms",
  "registries",
  "secrets",
  "ignoreSecretsInDiffCalculation",
  "ssh",
  "target",
  "context.named",
];
