import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage, type VersionedImageArgs } from "../../../components";
import { deployed } from "./deployed";

/**
 * The images that the setting `images` describes, a Deployment for each: as manifests in the folder `manifests`, or in a
 * `namespace` of the cluster of the environment's KUBECONFIG.
 */
const config = new pulumi.Config();
const provider = new k8s.Provider("deployments", { renderYamlToDirectory: config.get("manifests") });
const namespace = config.get("namespace");

for (const [name, args] of Object.entries(config.requireObject<Record<string, VersionedImageArgs>>("images"))) {
  deployed(name, new VersionedImage(name, args).reference, provider, namespace);
}
