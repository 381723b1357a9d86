import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage, type VersionedImageArgs } from "../../../components";

/** The images that the setting `images` describes, a Deployment for each, as manifests in the folder `manifests`. */
const config = new pulumi.Config();
const provider = new k8s.Provider("manifests", { renderYamlToDirectory: config.require("manifests") });

for (const [name, args] of Object.entries(config.requireObject<Record<string, VersionedImageArgs>>("images"))) {
  const image = new VersionedImage(name, args);
  const labels = { app: name };
  new k8s.apps.v1.Deployment(
    name,
    {
      // A name of its own choice would be another one after an update that was killed.
      metadata: { name },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name, image: image.reference }] } },
      },
    },
    { provider },
  );
}
