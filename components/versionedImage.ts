import * as pulumi from "@pulumi/pulumi";
import type { VersionedImageArgs } from "./args";
import { publishImage } from "./publish";
import { knownValue, registrable, shownOnce } from "./pulumi";

/**
 * A Docker image whose tag is the git commit that last touched the directory it is built from. A production image is
 * built from that commit, published once and never overwritten; a debug image is built from the disk.
 */
export class VersionedImage extends pulumi.ComponentResource {
  /** The tag, for instance 88d38d9 or 88d38d9-debug. Known in every preview. */
  public readonly tag: pulumi.Output<string>;
  /** repository:tag. In an update it is known only once the registry has the image, so resources that use it wait for that. */
  public readonly spec: pulumi.Output<string>;
  /** repository:tag@sha256:…, the published image by its digest. Use this in Deployments. */
  public readonly reference: pulumi.Output<string>;
  /** repository@sha256:…, the same without the tag, for services that accept only one of the two, such as AWS Lambda. */
  public readonly digestReference: pulumi.Output<string>;
  /** The digest of the image in the registry, sha256:…. */
  public readonly digest: pulumi.Output<string>;
  /** The commit that last touched the image's paths, 40 hexadecimal digits. */
  public readonly commit: pulumi.Output<string>;
  /** Git's hash of the content of the image's paths, 40 hexadecimal digits. */
  public readonly tree: pulumi.Output<string>;
  /** The paths that the version covers, relative to the repository's root, ".": the image's own and its bases'. Known in every preview. */
  public readonly covers: pulumi.Output<string[]>;
  /** The URL of the git remote origin, without credentials; none without such a remote. */
  public readonly source: pulumi.Output<string | undefined>;
  /** How this stack got the image: published, adopted (the registry already had it), copied or debug. */
  public readonly outcome: pulumi.Output<string>;

  constructor(name: string, args: VersionedImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("versioned-image:index:VersionedImage", name, {}, opts);
    const image = publishImage(this, name, args);
    this.tag = image.tag;
    this.spec = image.spec;
    this.reference = image.reference;
    this.digestReference = image.digestReference;
    this.digest = image.digest;
    this.commit = image.commit;
    this.tree = image.tree;
    this.covers = image.covers;
    this.source = image.source;
    this.outcome = image.outcome;
    const registered = registrable(this, { ...image });
    this.registerOutputs(registered);
    shownOnce([...Object.values(image), pulumi.output(this.getData()), pulumi.output(registered)]);
  }

  /**
   * Whoever depends on a component waits for this, and then for the children that are there. Pulumi calls it in the middle of the constructor,
   * and an image's children are declared after git and the registry have answered.
   */
  protected override async initialize(): Promise<void> {
    await undefined;
    await knownValue(this.outcome);
  }
}
