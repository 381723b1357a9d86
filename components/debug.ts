import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { dockerImage } from "./build/dockerImage";
import { imageLabels } from "./build/labels";
import { copyContext } from "./build/snapshot";
import { stage } from "./build/staging";
import { announce } from "./message";
import { type Publication, type Subject, specOf, stagingName } from "./publication";

/** Builds the directory as it is on disk and publishes it over whatever its debug tag named before. */
export async function publishDebug(subject: Subject): Promise<Publication> {
  const { component, name, version, build, args, dockerfile } = subject;
  const labels = imageLabels(version);
  const files = version.uncommitted.length;
  announce(
    subject,
    (repository) =>
      `the directory as it is on disk (${files === 0 ? "nothing" : `${files} file${files === 1 ? "" : "s"}`} uncommitted) ` +
      `will be built and pushed to ${repository}`,
  );
  const staged = await stage({
    name: (content) => `debug-${stagingName(content, [labels, dockerfile, build.target])}`,
    dockerfile,
    target: build.target,
    labels,
    write: copyContext(path.join(version.root, version.context), args.paths, dockerfile),
  });
  const request = { spec: specOf(subject), staged, build, registryAuth: args.registryAuth };
  const image = dockerImage(`${name}-image`, request, { parent: component });
  const digest = image.repoDigest.apply((pushed) => pushed.slice(pushed.indexOf("@") + 1));
  return { digest, outcome: "debug" };
}
