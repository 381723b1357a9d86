import { randomBytes } from "node:crypto";
import { isObject, type Properties } from "../properties";

/** An object of Kubernetes, of any kind. */
export interface Manifest extends Properties {
  apiVersion: string;
  kind: string;
  metadata: Properties & { name: string; namespace?: string };
}

const AUTONAMED = "pulumi.com/autonamed";

const CLUSTER_SCOPED = new Set([
  "ClusterRole",
  "ClusterRoleBinding",
  "CustomResourceDefinition",
  "IngressClass",
  "Namespace",
  "Node",
  "PersistentVolume",
  "PriorityClass",
  "StorageClass",
]);

/** Inputs with what they leave out: a name that begins with the resource's own, and the cluster's namespace. */
export function named(urn: string, olds: Properties, news: Properties, defaultNamespace: string | undefined): Manifest {
  const { apiVersion, kind } = news;
  if (typeof apiVersion !== "string" || typeof kind !== "string") {
    throw new Error(`${urn} has no apiVersion or kind`);
  }
  const metadata = isObject(news.metadata) ? news.metadata : {};
  if (metadata.generateName !== undefined) {
    throw new Error("the `.metadata.generateName` field is not supported in Server-Side Apply mode");
  }
  const scoped = CLUSTER_SCOPED.has(kind) ? {} : { namespace: defaultNamespace };
  const name = metadata.name === undefined ? autonamed(urn, olds, metadata) : {};
  return { ...news, apiVersion, kind, metadata: { ...scoped, ...metadata, ...name } } as Manifest;
}

/** A name that no other resource has; the one that it got before, if it did. */
function autonamed(urn: string, olds: Properties, metadata: Properties): Properties {
  const old = isObject(olds.metadata) ? olds.metadata : {};
  const name = old.name ?? `${urn.slice(urn.lastIndexOf("::") + 2)}-${randomBytes(4).toString("hex")}`;
  const annotations = isObject(metadata.annotations) ? metadata.annotations : {};
  return { name, annotations: { ...annotations, [AUTONAMED]: "true" } };
}

/** namespace/name, or the name where no namespace is known. */
export function idOf({ metadata: { name, namespace } }: Manifest): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
