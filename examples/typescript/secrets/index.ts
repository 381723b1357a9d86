// A build that needs a secret, and an image that does not have it. In the Dockerfile:
//   RUN --mount=type=secret,id=npm NPM_TOKEN=$(cat /run/secrets/npm) npm ci
// pulumi config set --secret npmToken …; another token makes no other version. Needs BuildKit: docs/buildkit.md.
import * as pulumi from "@pulumi/pulumi";
import { Builder, VersionedImage } from "versioned-image";

const config = new pulumi.Config();

const image = new VersionedImage("simple", {
  context: "simple",
  repository: config.require("repository"),
  build: { builder: Builder.BuildKit, secrets: { npm: config.requireSecret("npmToken") } },
});

export const reference = image.reference;
