// Three stacks of one program: `dev` builds what is on disk, `staging` publishes what is committed, and `prod` runs only what
// staging has published. Every stack names the same version, since it is the same commit.
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage } from "versioned-image";

const stack = pulumi.getStack();
const image = new VersionedImage("shop", {
  context: "shop",
  repository: new pulumi.Config().require("repository"),
  debug: stack === "dev",
});

// What staging publishes, prod adopts. Anything else would be built here for the first time, and is stopped in the preview.
image.outcome.apply((outcome) => {
  if (stack === "prod" && outcome !== "adopted") {
    throw new pulumi.ResourceError(
      "Deploy this commit to staging first: prod runs only what staging published.",
      image,
    );
  }
});

export const reference = image.reference;
