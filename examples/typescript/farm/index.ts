// Builds in a cluster, where there are more cores than on a CI machine, and for two kinds of them. The builder, made once on each machine:
//   docker buildx create --name farm --driver kubernetes --driver-opt namespace=buildkit,replicas=2
// What one machine has built is in the cache that all of them use. An image that the registry has already needs no builder at all.
import * as pulumi from "@pulumi/pulumi";
import { Builder, VersionedImage } from "versioned-image";

const repository = new pulumi.Config().require("repository");

const image = new VersionedImage("simple", {
  context: "simple",
  repository,
  build: {
    builder: Builder.BuildKit,
    builderName: "farm",
    platforms: ["linux/amd64", "linux/arm64"],
    cacheFrom: [`type=registry,ref=${repository}-cache`],
    cacheTo: [`type=registry,ref=${repository}-cache,mode=max`],
  },
});

export const reference = image.reference;
