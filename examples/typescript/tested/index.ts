// A program with a test: npx mocha --import tsx index.test.ts
import * as k8s from "@pulumi/kubernetes";
import { VersionedImage } from "versioned-image";

export const worker = new VersionedImage("worker", {
  context: "worker",
  repository: "registry.example/team/worker",
});

export const deployment = new k8s.apps.v1.Deployment("worker", {
  spec: {
    selector: { matchLabels: { app: "worker" } },
    template: {
      metadata: { labels: { app: "worker" } },
      spec: { containers: [{ name: "worker", image: worker.reference }] },
    },
  },
});
