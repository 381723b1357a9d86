import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { RegistryAuth } from "../args";
import type { BuildInputs } from "./buildInputs";

/** What a docker.Image is declared with. */
export interface ImageRequest {
  spec: pulumi.Output<string>;
  /** The staged directory and the Dockerfile in it, relative to the working directory. */
  staged: { context: string; dockerfile: string };
  build: BuildInputs;
  registryAuth: RegistryAuth | undefined;
}

/** Declares the image at Docker's provider. Deleting the resource never deletes an image: the registry is the record. */
export function dockerImage(name: string, request: ImageRequest, opts: pulumi.CustomResourceOptions): docker.Image {
  const { build, staged, registryAuth } = request;
  return new docker.Image(
    name,
    {
      imageName: request.spec,
      build: {
        context: staged.context,
        dockerfile: staged.dockerfile,
        platform: build.platform,
        target: build.target,
        args: build.args,
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
    { ...opts, retainOnDelete: true },
  );
}
