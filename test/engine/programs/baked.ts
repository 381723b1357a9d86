import * as pulumi from "@pulumi/pulumi";
import { bakeImages } from "../../../components";

/** The images of the project's bake file. */
const config = new pulumi.Config();

const made = bakeImages("docker-bake.hcl", { repository: config.require("repository"), builderName: "farm" });

export const images = made.then((all) =>
  Object.fromEntries(Object.entries(all).map(([name, { tag, digest, outcome }]) => [name, { tag, digest, outcome }])),
);
