import * as pulumi from "@pulumi/pulumi";
import { VersionedImage } from "../../../components";
import { gcpRegistryAuth } from "../../../components/gcp/registryAuth";

const image = new VersionedImage("app", {
  context: "app",
  repository: new pulumi.Config().require("repository"),
  registryAuth: gcpRegistryAuth(),
});

export const reference = image.reference;
export const digest = image.digest;
export const outcome = image.outcome;
