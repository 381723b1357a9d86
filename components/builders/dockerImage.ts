import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { unknownOutput } from "../pulumi";
import type { ImageBuilder } from "./builder";
import { buildArguments } from "./buildInputs";

/**
 * Docker's own builder, by Docker's provider. It builds and pushes whenever an input differs, and never asks what the
 * registry holds.
 */
export const dockerBuilder: ImageBuilder = {
  declare({ name, component, spec, context, build, registryAuth, settled, hooks }) {
    const { context: directory, dockerfile } = pulumi.output(context);
    const image = new docker.Image(
      name,
      {
        imageName: spec,
        build: {
          context: directory,
          dockerfile,
          platform: build.platforms?.[0] ?? unknownOutput(),
          target: build.target,
          args: buildArguments(build),
          cacheFrom: build.cacheFrom && { images: build.cacheFrom },
          network: build.network,
          addHosts: build.extraHosts,
        },
        registry: registryAuth && {
          server: registryAuth.server,
          username: registryAuth.username,
          password: registryAuth.password === undefined ? undefined : pulumi.secret(registryAuth.password),
        },
      },
      {
        parent: component,
        hooks,
        ignoreChanges: settled ? HOW_IT_IS_BUILT : [],
        // The registry is the record: nothing is lost with the resource, and so there is nothing to protect.
        retainOnDelete: true,
        protect: false,
      },
    );
    return {
      resource: image,
      digest: image.repoDigest.apply((pushed) => pushed?.slice(pushed.indexOf("@") + 1)),
      context: image.context,
    };
  },

  contextIn(inputs) {
    return (inputs?.build as { context?: unknown } | undefined)?.context;
  },
};

const HOW_IT_IS_BUILT = [
  "registry",
  "build.args",
  "build.target",
  "build.platform",
  "build.cacheFrom",
  "build.network",
  "build.addHosts",
];
