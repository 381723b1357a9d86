import * as pulumi from "@pulumi/pulumi";
import { VersionedImage, type VersionedImageArgs } from "../../../components";

const config = new pulumi.Config();
const wanted = config.requireObject<Record<string, VersionedImageArgs>>("images");
/** What Pulumi is told of each component: protect, aliases. */
const options = config.getObject<pulumi.ComponentResourceOptions>("options");

export const images = Object.fromEntries(
  Object.entries(wanted).map(([name, args]) => {
    if (args.registryAuth && process.env.TEST_PASSWORD !== undefined) {
      args.registryAuth.password = process.env.TEST_PASSWORD;
    }
    if (process.env.TEST_SECRET !== undefined) {
      args.build = { ...args.build, secrets: { token: process.env.TEST_SECRET } };
    }
    const { tag, spec, reference, digest, commit, tree, outcome } = new VersionedImage(name, args, options);
    return [name, { tag, spec, reference, digest, commit, tree, outcome }];
  }),
);
