import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage } from "../../../components";
import { ImageDeployment } from "../../../components/kubernetes";

const config = new pulumi.Config();
const provider = new k8s.Provider("manifests", { renderYamlToDirectory: "manifests" });
const image = new VersionedImage("app", {
  context: "app",
  repository: config.require("repository"),
  debug: config.getBoolean("debug"),
});
new ImageDeployment(
  "app",
  { image, ports: { http: 8080 }, allowDebug: config.getBoolean("allowDebug") },
  { providers: [provider] },
);

export const reference = image.reference;
