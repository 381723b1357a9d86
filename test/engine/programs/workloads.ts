import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage } from "../../../components";
import { deployed } from "./deployed";

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
  deployed(name, runs, provider);
}
