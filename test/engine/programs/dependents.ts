import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage } from "../../../components";

/** A base image, a service that is built on its moving tag, and a Deployment of that one's: none uses an output of another. */
const config = new pulumi.Config();
const repository = config.require("repository");
const alsoTag = ["latest"];

const base = new VersionedImage("base", { context: "base", repository: `${repository}/base`, alsoTag });
const service = new VersionedImage(
  "service",
  {
    context: "service",
    repository: `${repository}/service`,
    alsoTag,
    build: { args: { BASE: `${repository}/base:latest` } },
  },
  { dependsOn: [base] },
);
const provider = new k8s.Provider("manifests", { renderYamlToDirectory: config.require("manifests") });
const labels = { app: "service" };
new k8s.apps.v1.Deployment(
  "deployment",
  {
    metadata: { name: "service" },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "service", image: `${repository}/service:latest` }] },
      },
    },
  },
  { provider, dependsOn: service },
);
