// Signs the image, by its digest, when this stack publishes it. The key is a file, or in Google's KMS:
//   pulumi config set key gcpkms://projects/my-project/locations/global/keyRings/images/cryptoKeys/cosign
// For a file: pulumi config set --secret keyPassword …
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage } from "versioned-image";

const config = new pulumi.Config();

const worker = new VersionedImage("worker", {
  context: "worker",
  repository: config.require("repository"),
});

new command.local.Command("signature", {
  // What another stack has published, that one has signed.
  create: '[ "$OUTCOME" != published ] || cosign sign --yes --key "$KEY" "$REFERENCE"',
  update: "true",
  environment: {
    REFERENCE: pulumi.interpolate`${worker.spec}@${worker.digest}`,
    OUTCOME: worker.outcome,
    KEY: config.require("key"),
    COSIGN_PASSWORD: config.getSecret("keyPassword") ?? "",
  },
  // Once for each digest.
  triggers: [worker.digest],
});

export const reference = worker.reference;
