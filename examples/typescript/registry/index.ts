// A private registry whose password is a secret of the stack: pulumi config set --secret password …
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage } from "versioned-image";

const config = new pulumi.Config();
const server = config.require("server");

const image = new VersionedImage("simple", {
  context: "simple",
  repository: `${server}/team/simple`,
  registryAuth: { server, username: config.require("username"), password: config.requireSecret("password") },
});

export const reference = image.reference;
