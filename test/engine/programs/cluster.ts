import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage } from "../../../components";
import { ImageDeployment } from "../../../components/kubernetes";

/** An image and its Deployment in a namespace of their own, on the cluster of the environment's KUBECONFIG. */
const config = new pulumi.Config();
const namespace = new k8s.core.v1.Namespace("apps", { metadata: { name: config.require("namespace") } });
const image = new VersionedImage("app", {
  context: "app",
  repository: config.require("repository"),
  debug: config.getBoolean("debug"),
});
const { deployment } = new ImageDeployment("app", {
  image,
  namespace: namespace.metadata.name,
  ports: { http: 8080 },
  container: {
    // Ready a while after its start, so that there is something to see of who serves until then.
    readinessProbe: { exec: { command: ["test", "-e", "/tmp/ready"] }, periodSeconds: 1 },
    // The provider tells the termination message of a crash, and never reads the log.
    terminationMessagePolicy: "FallbackToLogsOnError",
  },
  pod: { terminationGracePeriodSeconds: 1, automountServiceAccountToken: false },
  // What the provider waits for; it does not give up when the Deployment's own progress deadline has passed.
  annotations: { "pulumi.com/timeoutSeconds": config.get("patience") ?? "60" },
});

export const reference = image.reference;
export const digest = image.digest;
export const outcome = image.outcome;
export const name = deployment.metadata.name;
