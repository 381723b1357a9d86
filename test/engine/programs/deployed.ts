import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** A Deployment that runs an image, under a name that stays the same after an update that was killed. */
export function deployed(name: string, image: pulumi.Input<string>, provider: k8s.Provider, namespace?: string): void {
  const labels = { app: name };
  new k8s.apps.v1.Deployment(
    name,
    {
      metadata: { name, namespace },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name, image }] } },
      },
    },
    { provider },
  );
}
