// Two versions of one image behind one Service. This stack runs what is checked out as the canary, in one pod of ten; the stack `stable`,
// which is set as `publisher`, runs the rest and exports its `reference`. When the canary is well, update that stack at the same commit: it
// adopts the image, and nothing is built. A rollback is the same at an older commit.
import { Deployment } from "@pulumi/kubernetes/apps/v1";
import { Service } from "@pulumi/kubernetes/core/v1";
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage } from "versioned-image";

const config = new pulumi.Config();
const stable = new pulumi.StackReference(config.require("publisher")).requireOutput("reference");
const canary = new VersionedImage("shop", { context: "shop", repository: config.require("repository") });

const tracks = { stable: { image: stable, replicas: 9 }, canary: { image: canary.reference, replicas: 1 } };
for (const [track, { image, replicas }] of Object.entries(tracks)) {
  const labels = { app: "shop", track };
  new Deployment(`shop-${track}`, {
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "shop", image }] } },
    },
  });
}

// It chooses by `app` alone, so that requests are spread over the pods of both.
new Service("shop", { spec: { selector: { app: "shop" }, ports: [{ port: 80, targetPort: 8080 }] } });

export const canaryTag = canary.tag;
