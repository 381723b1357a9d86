import { execFileSync } from "node:child_process";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

/** What programs do without this package: a docker.Image under the tag that `git log` prints. */
const tag = execFileSync("git", ["log", "-n", "1", "--format=%h", "--", "app"], { encoding: "utf8" }).trim();
const image = new docker.Image("plain", {
  imageName: `${new pulumi.Config().require("repository")}:${tag}`,
  build: { context: "app", platform: "linux/amd64" },
});

export const repoDigest = image.repoDigest;
