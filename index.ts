import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage } from "./components";

const config = new pulumi.Config();
// The settings have defaults in Pulumi.yaml, where empty means: not set.
const repository = config.get("repository") || undefined;
const manifests = config.get("manifests") || undefined;

// Without a directory for manifests the Deployment goes to the cluster of the current kube context.
const cluster = new k8s.Provider("cluster", { renderYamlToDirectory: manifests });

const image = new VersionedImage("simple", {
  context: "images/simple",
  repository,
  debug: config.getBoolean("debug"),
});

const labels = { app: "simple" };
new k8s.apps.v1.Deployment(
  "simple",
  {
    metadata: { name: "simple", labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "simple", image: image.reference }], automountServiceAccountToken: false },
      },
    },
  },
  { provider: cluster },
);

export const tag = image.tag;
export const spec = image.spec;
export const reference = image.reference;
