import * as pulumi from "@pulumi/pulumi";
import { VersionedImage } from "../../../components";

const config = new pulumi.Config();

/** A value that a preview does not know until the resource is there. */
function made(name: string): pulumi.Output<string> {
  return new pulumi.Stash(name, { input: name }).id.apply(() => config.require(name));
}

const releaseTags = config.get("release") === undefined ? [] : [made("release")];

const app = new VersionedImage("app", {
  context: "app",
  repository: config.require("repository"),
  build: { args: { BASE: made("base") }, platform: made("platform") },
  releaseTags,
});

new pulumi.Stash("app-shown", { input: { reference: app.reference, outcome: app.outcome } });
