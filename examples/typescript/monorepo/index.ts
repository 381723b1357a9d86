// Several images of one repository: two services built on one base image, with code that they share. A change in `images/base`
// or in `services/lib` gives both services a new version; a change in `services/web` gives one to `web` alone.
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage } from "versioned-image";

const registry = new pulumi.Config().require("registry");

const base = new VersionedImage("base", { context: "images/base", repository: `${registry}/base` });

const references = ["web", "worker"].map((name) => {
  const image = new VersionedImage(name, {
    // Docker builds from the directory that holds both; the version covers these paths, and what the base covers.
    context: "services",
    paths: [name, "lib"],
    dockerfile: `${name}/Dockerfile`,
    repository: `${registry}/${name}`,
    // In their Dockerfiles: ARG BASE, and FROM $BASE.
    build: { bases: { BASE: base } },
  });
  return [name, image.reference] as const;
});

export const images = Object.fromEntries(references);
