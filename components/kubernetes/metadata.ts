import * as pulumi from "@pulumi/pulumi";
import { VersionedImageError } from "../errors";
import { REVISION_LABEL, SOURCE_LABEL } from "../version";
import type { VersionedImage } from "../versionedImage";

/** What finds a Deployment's pods. It can't be changed later, so the version is not in it. */
export function selectorOf(name: string): Record<string, pulumi.Input<string>> {
  return { "app.kubernetes.io/name": name };
}

/** Labels for people and tools to select by. */
export function labelsOf(name: string, tag: pulumi.Output<string>): Record<string, pulumi.Input<string>> {
  return {
    ...selectorOf(name),
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
    throw invalid(
      `The name ${JSON.stringify(name)} can't be the value of a Kubernetes label: use at most 63 letters, digits, dots, ` +
        "dashes and underscores, with a letter or digit at both ends.",
    );
  }
  if (!CONTAINER.test(name)) {
    throw invalid(
      `The name ${JSON.stringify(name)} can't be that of a Kubernetes container: use at most 63 lower-case letters, digits ` +
        "and dashes, with a letter or digit at both ends.",
    );
  }
}

/** Throws InvalidArgument where a name can't be that of a Service. */
export function assertServiceName(name: string): void {
  if (!SERVICE.test(name)) {
    throw invalid(
      `${JSON.stringify(name)} can't be the name of a Kubernetes Service: set serviceName to at most 63 lower-case letters, ` +
        "digits and dashes, with a letter first and a letter or digit last.",
    );
  }
}

/** Throws InvalidArgument where a name can't be that of a port. */
export function assertPortName(name: string): void {
  if (!PORT.test(name)) {
    throw invalid(
      `${JSON.stringify(name)} in ports can't be the name of a Kubernetes port: use at most 15 lower-case letters, digits ` +
        "and single dashes between them, one letter at least.",
    );
  }
}

function invalid(message: string): VersionedImageError {
  return new VersionedImageError("InvalidArgument", message);
}
