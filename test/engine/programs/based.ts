import * as pulumi from "@pulumi/pulumi";
import { VersionedImage, type VersionedImageArgs } from "../../../components";

/** The images that the setting `images` describes, in its order; `on` names earlier ones that an image is built on, by the names of build arguments. */
const config = new pulumi.Config();
type Described = VersionedImageArgs & { on?: Record<string, string> };

const made: Record<string, VersionedImage> = {};
for (const [name, { on = {}, ...args }] of Object.entries(config.requireObject<Record<string, Described>>("images"))) {
  const bases = Object.fromEntries(Object.entries(on).map(([key, base]) => [key, made[base] as VersionedImage]));
  made[name] = new VersionedImage(name, {
    ...args,
    build: { ...args.build, bases: { ...args.build?.bases, ...bases } },
  });
}

export const images = Object.fromEntries(
  Object.entries(made).map(([name, { tag, spec, reference, digest, commit, tree, covers, outcome }]) => {
    return [name, { tag, spec, reference, digest, commit, tree, covers, outcome }];
  }),
);
