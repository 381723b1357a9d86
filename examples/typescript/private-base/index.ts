// A base image from a private registry, pinned by its digest: `FROM base` in the Dockerfile. A new base is a line of this program, and so is
// reviewed like one; it is refused for a version that is published already, until a commit goes with it.
// The base is pulled with the Docker configuration's credentials: `docker login` there. Needs BuildKit: docs/buildkit.md.
import * as pulumi from "@pulumi/pulumi";
import { Builder, VersionedImage } from "versioned-image";

const config = new pulumi.Config();

const image = new VersionedImage("simple", {
  context: "simple",
  repository: config.require("repository"),
  build: {
    builder: Builder.BuildKit,
    // docker-image://registry.example/base@sha256:…
    contexts: { base: `docker-image://${config.require("base")}` },
  },
});

export const reference = image.reference;
