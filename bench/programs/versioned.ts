import * as pulumi from "@pulumi/pulumi";
import { VersionedImage, type VersionedImageArgs } from "../../components";

/** Versioned images, with the outputs that the plain program has. */
const wanted = new pulumi.Config().requireObject<Record<string, VersionedImageArgs>>("images");

export const images = Object.fromEntries(
  Object.entries(wanted).map(([name, args]) => [name, { reference: new VersionedImage(name, args).reference }]),
);
