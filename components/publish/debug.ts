import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { dockerImage } from "../builders/dockerImage";
import { copyContext } from "../context/snapshot";
import { stage } from "../context/staging";
import { imageLabels } from "../version/labels";
import { announce } from "./announce";
import { type Publication, type Subject, specOf } from "./publication";

/** Builds the directory as it is on disk and publishes it over whatever its debug tag named before. */
export async function publishDebug(subject: Subject): Promise<Publication> {
  const { component, name, version, build, args, dockerfile, fingerprint } = subject;
  announce(
    subject,
    (repository) =>
      `the directory as it is on disk (${uncommitted(version.uncommitted.length)}) will be built and pushed to ${repository}`,
  );
  const context = path.join(version.root, version.context);
  let copied: string[] = [];
  const staged = await stage({
    name: undefined,
    dockerfile,
    target: build.target,
    labels: imageLabels(version, fingerprint),
    mtime: undefined,
    write: async (into) => {
      copied = await copyContext({ context, paths: args.paths, dockerfile }, into);
    },
  });
  warnOfIgnored(subject, copied);
  const request = { spec: specOf(subject), staged, build, registryAuth: args.registryAuth };
  const image = dockerImage(`${name}-image`, request, { parent: component });
  const digest = image.repoDigest.apply((pushed) => pushed.slice(pushed.indexOf("@") + 1));
  return { digest, outcome: "debug" };
}

function uncommitted(count: number): string {
  return count === 0 ? "nothing uncommitted" : `${count} uncommitted ${count === 1 ? "change" : "changes"}`;
}

/** Files that git is told to ignore are often secrets: whoever can pull the image can read them. */
function warnOfIgnored({ component, version }: Subject, copied: string[]): void {
  // Of a directory that is ignored as a whole, git names no file.
  const ignored = version.ignored.map((file) => path.relative(version.context, file));
  const inImage = copied.filter((file) => ignored.some((entry) => file === entry || file.startsWith(`${entry}/`)));
  if (inImage.length > 0) {
    const files = inImage.slice(0, 5).join(", ") + (inImage.length > 5 ? `, and ${inImage.length - 5} more` : "");
    pulumi.log.warn(
      `Git ignores ${files}, but Docker is given them in debug mode: name them in .dockerignore to keep them out.`,
      component,
    );
  }
}
