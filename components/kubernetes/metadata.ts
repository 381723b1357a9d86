import * as pulumi from "@pulumi/pulumi";
import { VersionedImageError } from "../errors";
import { REVISION_LABEL, SOURCE_LABEL } from "../version/labels";
import type { VersionedImage } from "../versionedImage";

/** What finds a Deployment's pods. It can't be changed later, so the version is not in it. */
export function selectorOf(name: string): Record<string, pulumi.Input<string>> {
  return { "app.kubernetes.io/name": name };
}

/** Labels for people and tools to select by. */
export function labelsOf(name: string, tag: pulumi.Input<string>): Record<string, pulumi.Input<string>> {
  return {
    ...selectorOf(name),
    "app.kubernetes.io/version": tag,
    "app.kubernetes.io/managed-by": "pulumi",
  };
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

/** Throws InvalidArgument where a name can't be the value of a label. */
export function assertLabel(name: string): void {
  if (!/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(name)) {
    throw new VersionedImageError(
      "InvalidArgument",
      `The name ${JSON.stringify(name)} can't be the value of a Kubernetes label: use at most 63 letters, digits, dots, ` +
        "dashes and underscores, with a letter or digit at both ends.",
    );
  }
}
