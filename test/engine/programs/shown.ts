import * as pulumi from "@pulumi/pulumi";
import { images } from "./images";

/** Images, and for each a resource that is given all of its outputs, which shows them in a preview, too. */
for (const [name, outputs] of Object.entries(images)) {
  new pulumi.Stash(`${name}-shown`, { input: outputs });
}

export { images };
