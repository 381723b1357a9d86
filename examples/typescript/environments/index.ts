// Three stacks of one program: `dev` builds what is on disk, `staging` publishes what is committed, and `prod` runs only what
// staging has published. Every stack names the same version, since it is the same commit.
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage } from "versioned-image";

const stack = pulumi.getStack();
const image = new VersionedImage("shop", {
  context: "shop",
  repository: new pulumi.Config().require("repository"),
  debug: stack === "dev",
  // What staging publishes, prod adopts: anything else is stopped in the preview.
  publish: stack !== "prod",
});

export const reference = image.reference;
