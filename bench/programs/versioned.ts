import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { VersionedImageArgs } from "../../components";

/** The compiled library, as users have it. */
const library = path.resolve(__dirname, "../../dist/components");
const { VersionedImage }: typeof import("../../components") = require(library);

/** Versioned images, with the outputs that the plain program has. */
const wanted = new pulumi.Config().requireObject<Record<string, VersionedImageArgs>>("images");

export const images = Object.fromEntries(
  Object.entries(wanted).map(([name, args]) => [name, { reference: new VersionedImage(name, args).reference }]),
);
