import * as pulumi from "@pulumi/pulumi";
import { VersionedImage, type VersionedImageArgs } from "../../../components";

const config = new pulumi.Config();
const images = config.requireObject<Record<string, VersionedImageArgs>>("images");

for (const [name, args] of Object.entries(images)) {
  const image = new VersionedImage(name, args);
  const { tag, spec, reference, digest, commit, tree, outcome } = image;
  exports[name] = { tag, spec, reference, digest, commit, tree, outcome };
}
