import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage } from "../../../components";

/** An image, its Deployment `app`, and a Deployment for each of the images that the setting `others` names. */
const config = new pulumi.Config();
const provider = new k8s.Provider("manifests", { renderYamlToDirectory: "manifests" });
const image = new VersionedImage("app", {
  context: "app",
  repository: config.require("repository"),
  debug: config.getBoolean("debug"),
});
const images: Record<string, pulumi.Input<string>> = {
  app: image.reference,
  ...config.getObject<Record<string, string>>("others"),
};
for (const [name, runs] of Object.entries(images)) {
  const labels = { app: name };
  new k8s.apps.v1.Deployment(
    name,
    {
      metadata: { name },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name, image: runs }] } },
      },
    },
    { provider },
  );
}
