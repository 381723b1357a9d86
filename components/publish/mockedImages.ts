import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { VersionedImageArgs } from "../args";
import { invalidArgument } from "../errors";
import { isMocked } from "../pulumi";
import type { ImageOutputs } from "./subject";

/** An image's outputs in a test. Those that are left out are derived from the image's name, so they are the same in each run. */
export interface MockedImage {
  /** Default: seven digits; with debug: true, -debug after them. */
  tag?: string;
  /** Default: that of the arguments, or gcr.io/project/NAME. */
  repository?: string;
  digest?: string;
  commit?: string;
  tree?: string;
  /** Default: the context of the arguments. */
  covers?: string[];
  source?: string;
  outcome?: "published" | "adopted" | "copied" | "debug";
}

let answer: ((name: string, args: VersionedImageArgs) => MockedImage) | undefined;

/**
 * For tests of a program under Pulumi's mocks (`pulumi.runtime.setMocks`): new images ask neither git nor a registry, and declare no
 * children. `describe` sets their outputs. Returns a function that ends this. Until then an image without mocks is refused (error
 * InvalidArgument), so that no mocked image is ever deployed.
 */
export function mockImages(describe: (name: string, args: VersionedImageArgs) => MockedImage = () => ({})): () => void {
  answer = describe;
  return () => {
    answer = undefined;
  };
}

/** The outputs of an image whose test has said what it is; undefined in all other programs. */
export function mockedImage(name: string, args: VersionedImageArgs): ImageOutputs | undefined {
  if (!answer) {
    return undefined;
  }
  if (!isMocked()) {
    throw invalidArgument(
      "mockImages needs Pulumi's mocks. Call pulumi.runtime.setMocks first, or leave mockImages out.",
    );
  }
  const hash = createHash("sha256").update(name).digest("hex");
  const image = answer(name, args);
  const { commit = hash.slice(0, 40), tree = hash.slice(24), digest = `sha256:${hash}` } = image;
  const tag =
    image.tag ?? `${args.tagPrefix ?? ""}${commit.slice(0, args.tagLength ?? 7)}${args.debug ? "-debug" : ""}`;
  const repository = pulumi.output(image.repository ?? args.repository ?? `gcr.io/project/${name}`);
  const spec = pulumi.interpolate`${repository}:${tag}`;
  return {
    tag: pulumi.output(tag),
    spec,
    reference: pulumi.interpolate`${spec}@${digest}`,
    digestReference: pulumi.interpolate`${repository}@${digest}`,
    digest: pulumi.output(digest),
    commit: pulumi.output(commit),
    tree: pulumi.output(tree),
    covers: pulumi.output(image.covers ?? [args.context]),
    source: pulumi.output(image.source),
    outcome: pulumi.output(image.outcome ?? (args.debug ? "debug" : "published")),
  };
}
