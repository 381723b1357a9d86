// Runs the image of another stack, which publishes it and exports its `reference`.
import { Deployment } from "@pulumi/kubernetes/apps/v1";
import * as pulumi from "@pulumi/pulumi";

const publisher = new pulumi.StackReference(new pulumi.Config().require("publisher"));
const labels = { app: "simple" };

new Deployment("simple", {
  spec: {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      // By digest, so it is what that stack published, whatever happens to the tag.
      spec: { containers: [{ name: "simple", image: publisher.requireOutput("reference") }] },
    },
  },
});
