import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

/** The same images as plain resources of Docker's provider, with fixed tags: what the component is measured against. */
const config = new pulumi.Config();
const wanted = config.requireObject<Record<string, { context: string; repository: string }>>("images");

export const images = Object.fromEntries(
  Object.entries(wanted).map(([name, { context, repository }]) => {
    const image = new docker.Image(name, {
      imageName: `${repository}:v1`,
      build: { context, dockerfile: `${context}/Dockerfile`, platform: "linux/amd64" },
    });
    return [name, { reference: image.repoDigest }];
  }),
);
