import * as pulumi from "@pulumi/pulumi";
import { VersionedImage, type VersionedImageArgs } from "../../../components";

const args = new pulumi.Config().requireObject<VersionedImageArgs>("app");
const app = new VersionedImage("app", args);

/** Resources that need one output of the image each, and one that needs none. */
for (const output of ["tag", "spec", "reference", "digestReference", "digest", "outcome"] as const) {
  new pulumi.Stash(`needs-${output}`, { input: app[output] });
}
new pulumi.Stash("needs-nothing", { input: "nothing" });

export const { tag, spec, reference, digestReference, digest, outcome } = app;
