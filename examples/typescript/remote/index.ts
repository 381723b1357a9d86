// Builds with the Docker daemon of another machine. An image that the registry has already needs no daemon at all.
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage } from "versioned-image";

const config = new pulumi.Config();
const builder = new docker.Provider("builder", { host: config.require("dockerHost") }); // ssh://user@builder

const image = new VersionedImage(
  "simple",
  { context: "simple", repository: config.require("repository") },
  { providers: [builder] },
);

export const reference = image.reference;
