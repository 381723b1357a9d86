// Several images that share a library, each with a directory of its own as its context. The library is a named context:
// `COPY --from=lib` in their Dockerfiles. A change in `lib` gives all of them a new version. Needs BuildKit: docs/buildkit.md.
import * as pulumi from "@pulumi/pulumi";
import { Builder, VersionedImage } from "versioned-image";

const registry = new pulumi.Config().require("registry");

const references = ["web", "worker"].map((name) => {
  const image = new VersionedImage(name, {
    context: `services/${name}`,
    repository: `${registry}/${name}`,
    build: { builder: Builder.BuildKit, contexts: { lib: "lib" } },
  });
  return [name, image.reference] as const;
});

export const images = Object.fromEntries(references);
