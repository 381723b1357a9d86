import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { invalidArgument } from "../errors";
import { organization, urnOf } from "../pulumi";
import { REVISION_LABEL, SOURCE_LABEL } from "../version";
import type { VersionedImage } from "../versionedImage";

type Labels = Record<string, pulumi.Input<string>>;

const NAME = "app.kubernetes.io/name";
/** Stands in the selector of a Deployment, which can't be changed: what it was made with stays. */
const OF_DEPLOYMENT = "versioned-image.dev/deployment";
/** Stands in that of a Service, which follows when the stack or the component gets another name. */
const OF_SERVICE = "versioned-image.dev/service";

/** Inputs of a Deployment that stay as they were made. One that was made without them is not replaced. */
export const MADE_ONCE = [
  `spec.selector.matchLabels[${JSON.stringify(OF_DEPLOYMENT)}]`,
  `spec.template.metadata.labels[${JSON.stringify(OF_DEPLOYMENT)}]`,
];

/** Labels by which pods are found. */
export interface Selectors {
  deployment: Labels;
  service: Labels;
  /** What the pods have of both. */
  pods: Labels;
}

/** What finds the pods of one component, and not those of another one of its name in the namespace, such as another stack's. */
export function selectorsOf(name: string, identity: pulumi.Output<string>): Selectors {
  return {
    deployment: { ...nameLabel(name), [OF_DEPLOYMENT]: identity },
    service: { ...nameLabel(name), [OF_SERVICE]: identity },
    pods: { ...nameLabel(name), [OF_DEPLOYMENT]: identity, [OF_SERVICE]: identity },
  };
}

/** What no other component of any stack has, as the value of a label. */
export function identityOf(component: pulumi.Resource): pulumi.Output<string> {
  // As a promise: an output of the component would make its children wait for each other.
  return pulumi
    .output(urnOf(component))
    .apply((urn) => createHash("sha256").update(`${organization()}/${urn}`).digest("hex").slice(0, 16));
}

export function nameLabel(name: string): Labels {
  return { [NAME]: name };
}

/** Labels for people and tools to select by. */
export function labelsOf(name: string, tag: pulumi.Output<string>): Labels {
  return {
    ...nameLabel(name),
    "app.kubernetes.io/version": tag.apply(versionLabel),
    "app.kubernetes.io/managed-by": "pulumi",
  };
}

const LONGEST_VALUE = 63;

/**
 * A tag as the value of a label, which may be half as long and has a letter or digit at both ends. What is left out is the
 * beginning: the hash, and whether it is a debug image, stand at the end.
 */
export function versionLabel(tag: string): string {
  return tag
    .replace(/[._-]+$/, "")
    .slice(-LONGEST_VALUE)
    .replace(/^[._-]+/, "");
}

/** Where the image comes from, under the names that OCI gives to the same facts in the image itself. */
export function annotationsOf({ spec, commit, source }: VersionedImage): pulumi.Output<Record<string, string>> {
  return pulumi.all([spec, commit, source]).apply(
    ([name, revision, remote]): Record<string, string> => ({
      "org.opencontainers.image.ref.name": name,
      [REVISION_LABEL]: revision,
      ...(remote !== undefined && { [SOURCE_LABEL]: remote }),
    }),
  );
}

const LABEL_VALUE = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const CONTAINER = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const SERVICE = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
const PORT = /^(?=.*[a-z])(?!.*--)[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/;

/** Throws InvalidArgument where a name can't be that of the pods' label and of the container. */
export function assertName(name: string): void {
  if (!LABEL_VALUE.test(name)) {
    throw invalidArgument(
      `The name ${JSON.stringify(name)} can't be the value of a Kubernetes label: use at most 63 letters, digits, dots, ` +
        "dashes and underscores, with a letter or digit at both ends.",
    );
  }
  if (!CONTAINER.test(name)) {
    throw invalidArgument(
      `The name ${JSON.stringify(name)} can't be used for a Kubernetes container: use at most 63 lower-case letters, digits ` +
        "and dashes, with a letter or digit at both ends.",
    );
  }
}

/** Throws InvalidArgument where a name can't be that of a Service. */
export function assertServiceName(name: string): void {
  if (!SERVICE.test(name)) {
    throw invalidArgument(
      `${JSON.stringify(name)} can't be the name of a Kubernetes Service: set serviceName to at most 63 lower-case letters, ` +
        "digits and dashes, with a letter first and a letter or digit last.",
    );
  }
}

/** Throws InvalidArgument where a name can't be that of a port. */
export function assertPortName(name: string): void {
  if (!PORT.test(name)) {
    throw invalidArgument(
      `${JSON.stringify(name)} in ports can't be the name of a Kubernetes port: use at most 15 lower-case letters, digits ` +
        "and single dashes between them, one letter at least.",
    );
  }
}
