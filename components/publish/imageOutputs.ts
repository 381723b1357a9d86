import type * as pulumi from "@pulumi/pulumi";
import type { Pushed } from "../protocol";

/** What a VersionedImage gives to the program. */
export interface ImageOutputs {
  tag: pulumi.Output<string>;
  spec: pulumi.Output<string>;
  reference: pulumi.Output<string>;
  digestReference: pulumi.Output<string>;
  digest: pulumi.Output<string>;
  commit: pulumi.Output<string>;
  tree: pulumi.Output<string>;
  covers: pulumi.Output<string[]>;
  source: pulumi.Output<string | undefined>;
  outcome: pulumi.Output<string>;
  /** What was pushed for it, for the stack's next publication: kept among the component's outputs, and no output of the class. */
  pushed?: pulumi.Output<Pushed | undefined>;
}
