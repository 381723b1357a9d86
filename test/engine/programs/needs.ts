import * as pulumi from "@pulumi/pulumi";
import { VersionedImage, type VersionedImageArgs } from "../../../components";

const OUTPUTS = ["tag", "spec", "reference", "digestReference", "digest", "outcome"] as const;
const wanted = new pulumi.Config().requireObject<Record<string, VersionedImageArgs>>("images");

/** Images, and for each resources that need one output of it, and one that needs none. */
export const images = Object.fromEntries(
  Object.entries(wanted).map(([name, args]) => {
    const image = new VersionedImage(name, args);
    for (const output of OUTPUTS) {
      new pulumi.Stash(`${name}-needs-${output}`, { input: image[output] });
    }
    new pulumi.Stash(`${name}-needs-nothing`, { input: "nothing" });
    return [name, Object.fromEntries(OUTPUTS.map((output) => [output, image[output]]))];
  }),
);
