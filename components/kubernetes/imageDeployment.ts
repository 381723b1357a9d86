import type { types } from "@pulumi/kubernetes";
import { Deployment } from "@pulumi/kubernetes/apps/v1";
import { Service } from "@pulumi/kubernetes/core/v1";
import * as pulumi from "@pulumi/pulumi";
import { VersionedImageError } from "../errors";
import { checkAt, reportAt } from "../pulumi";
import { isDebugTag } from "../version";
import type { VersionedImage } from "../versionedImage";
import {
  annotationsOf,
  assertName,
  assertPortName,
  assertServiceName,
  identityOf,
  labelsOf,
  MADE_ONCE,
  nameLabel,
  selectorsOf,
} from "./metadata";

type Container = types.input.core.v1.Container;

/** The image to deploy, and ordinary Kubernetes settings. */
export interface ImageDeploymentArgs {
  /** The image to run. The Deployment uses its digest, so it runs exactly what was published. */
  image: VersionedImage;
  /** The namespace, `kubectl --namespace`. Default: that of the provider. */
  namespace?: pulumi.Input<string>;
  /**
   * The number of pods. Default: not set, so Kubernetes starts one and keeps the number that a HorizontalPodAutoscaler or
   * `kubectl scale` sets later.
   */
  replicas?: pulumi.Input<number>;
  /**
   * The ports that the container listens on, by name, such as http. If there are any, a Service exposes them. Default: none.
   */
  ports?: Record<string, pulumi.Input<number>>;
  /** Environment variables, by name. For those with a `valueFrom`, use `container.env`. Default: none. */
  env?: Record<string, pulumi.Input<string>>;
  /** Further settings of the container, such as resources, probes and volumeMounts. Default: none. */
  container?: Omit<Container, "name" | "image" | "ports" | "env"> & {
    ports?: types.input.core.v1.ContainerPort[];
    env?: types.input.core.v1.EnvVar[];
  };
  /** Further settings of the pod, such as serviceAccountName, volumes and further containers. Default: none. */
  pod?: Omit<types.input.core.v1.PodSpec, "containers"> & { containers?: Container[] };
  /** Further settings of the Deployment, such as strategy. Default: none. */
  spec?: Omit<types.input.apps.v1.DeploymentSpec, "replicas" | "selector" | "template">;
  /** Further settings of the Service, such as type. Default: none. */
  service?: Omit<types.input.core.v1.ServiceSpec, "selector" | "ports">;
  /**
   * The Service's name, its DNS name in the cluster. Default: the component's. Two stacks in one namespace need different
   * names.
   */
  serviceName?: pulumi.Input<string>;
  /** Further labels of the Deployment, its pods and its Service. Default: none. */
  labels?: Record<string, pulumi.Input<string>>;
  /** Further annotations of the Deployment. Default: none. */
  annotations?: Record<string, pulumi.Input<string>>;
  /** Further labels of only the pods. A change restarts them. Default: none. */
  podLabels?: Record<string, pulumi.Input<string>>;
  /** Annotations of the pods, such as prometheus.io/scrape. A change restarts them. Default: none. */
  podAnnotations?: Record<string, pulumi.Input<string>>;
  /** Whether debug images can be deployed. If false, one fails the preview (error DebugNotAllowed). Default: true. */
  allowDebug?: boolean;
}

/**
 * A Kubernetes Deployment of a VersionedImage, with a Service if ports are named. A debug image gets what makes debugging
 * easy: an interactive terminal, no liveness probe, and its last log lines as the message of a crash.
 */
export class ImageDeployment extends pulumi.ComponentResource {
  /** The Deployment. */
  public readonly deployment: Deployment;
  /** The Service; undefined if no ports are named. */
  public readonly service: Service | undefined;

  constructor(name: string, args: ImageDeploymentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("versioned-image:kubernetes:ImageDeployment", name, {}, opts);
    checkAt(this, () => assertNames(name, args));
    const { image, namespace, ports = {} } = args;
    const tag = image.tag.apply((value) => reportAt(this, async () => allowed(value, args)));
    const selectors = selectorsOf(name, identityOf(this));
    const ours = labelsOf(name, tag);
    const labels = { ...args.labels, ...ours };
    this.deployment = new Deployment(
      `${name}-deployment`,
      {
        metadata: {
          namespace,
          labels,
          annotations: pulumi
            .all([args.annotations ?? {}, annotationsOf(image)])
            .apply(([given, origin]) => ({ ...given, ...origin })),
        },
        spec: {
          replicas: args.replicas,
          ...args.spec,
          selector: { matchLabels: selectors.deployment },
          template: {
            // Of ours nothing that can differ while the image is the same: it would restart the pods.
            metadata: {
              labels: { ...args.labels, ...args.podLabels, ...ours, ...selectors.pods },
              annotations: args.podAnnotations,
            },
            spec: { ...args.pod, containers: [containerOf(name, args, tag), ...(args.pod?.containers ?? [])] },
          },
        },
      },
      { parent: this, ignoreChanges: MADE_ONCE },
    );
    this.service =
      Object.keys(ports).length === 0
        ? undefined
        : new Service(
            `${name}-service`,
            {
              // Unlike the Deployment's, its name is what others rely on: they reach it by that.
              metadata: {
                name: args.serviceName ?? name,
                namespace,
                labels: { ...args.labels, ...nameLabel(name) },
              },
              spec: {
                ...args.service,
                selector: selectors.service,
                ports: Object.entries(ports).map(([port, number]) => ({
                  name: port,
                  port: number,
                  targetPort: port,
                })),
              },
            },
            // Where its selector changes, pods that it selects must be there: those of before run until these do.
            { parent: this, dependsOn: this.deployment },
          );
    this.registerOutputs({ deployment: this.deployment, service: this.service });
  }
}

function assertNames(name: string, { ports = {}, serviceName }: ImageDeploymentArgs): void {
  assertName(name);
  const names = Object.keys(ports);
  names.forEach(assertPortName);
  if (names.length > 0 && (serviceName === undefined || typeof serviceName === "string")) {
    assertServiceName(serviceName ?? name);
  }
}

function allowed(tag: string, { allowDebug = true }: ImageDeploymentArgs): string {
  if (isDebugTag(tag) && !allowDebug) {
    throw new VersionedImageError(
      "DebugNotAllowed",
      `The image's tag is ${tag}, and allowDebug is false. Commit the changes and deploy the image without debug, or ` +
        "deploy to a stack that allows debug images.",
    );
  }
  return tag;
}

function containerOf(name: string, args: ImageDeploymentArgs, tag: pulumi.Output<string>): pulumi.Input<Container> {
  const { image, ports = {}, env = {}, container = {} } = args;
  const settings: Container = {
    ...container,
    name,
    image: image.reference,
    ports: [
      ...Object.entries(ports).map(([port, number]) => ({ name: port, containerPort: number })),
      ...(container.ports ?? []),
    ],
    env: [...Object.entries(env).map(([variable, value]) => ({ name: variable, value })), ...(container.env ?? [])],
  };
  return tag.apply((value) => (isDebugTag(value) ? debuggable(settings) : settings));
}

/** What only gets in the way in production; what is set for the container stays as it is. */
function debuggable({ livenessProbe: _, ...settings }: Container): Container {
  return { stdin: true, tty: true, terminationMessagePolicy: "FallbackToLogsOnError", ...settings };
}
