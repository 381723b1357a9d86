// A stack for each pull request, in a namespace of its own: `pulumi stack init pr-42`, `pulumi up`, and when it is closed
// `pulumi destroy`. Check out the pull request's own head, not CI's merge: then a merge that fast-forwards publishes nothing anew, since
// the version is the same commit. Deleting a stack deletes no image; `versioned-image prune` does, once no branch has its commit.
import { Namespace } from "@pulumi/kubernetes/core/v1";
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage } from "versioned-image";
import { ImageDeployment } from "versioned-image/kubernetes";

const namespace = new Namespace("preview", { metadata: { name: `shop-${pulumi.getStack()}` } });

const image = new VersionedImage("shop", {
  context: "shop",
  repository: new pulumi.Config().require("repository"),
});

new ImageDeployment("shop", { image, namespace: namespace.metadata.name, ports: { http: 8080 } });

export const url = pulumi.interpolate`http://shop.${namespace.metadata.name}`;
