// Several images of one repository, with code that they share. A change in `lib` gives every image that names it a new
// version; a change in `web` gives one to `web` alone.
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage } from "versioned-image";

const registry = new pulumi.Config().require("registry");

const references = ["web", "worker"].map((name) => {
  const image = new VersionedImage(name, {
    // Docker builds from the directory that holds both; the version covers these paths alone.
    context: "services",
    paths: [name, "lib"],
    dockerfile: `${name}/Dockerfile`,
    repository: `${registry}/${name}`,
  });
  return [name, image.reference] as const;
});

export const images = Object.fromEntries(references);
