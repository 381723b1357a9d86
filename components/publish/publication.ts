import { createHash } from "node:crypto";
import type * as pulumi from "@pulumi/pulumi";
import type { VersionedImageArgs } from "../args";
import type { BuildInputs } from "../builders/buildInputs";
import type { RegistryClient } from "../registry";
import type { Version } from "../version";

/** An image whose version is known: what both ways of publishing start from. */
export interface Subject {
  component: pulumi.ComponentResource;
  /** The component's name, from which those of its children are made. */
  name: string;
  args: VersionedImageArgs;
  version: Version;
  build: BuildInputs;
  /** The Dockerfile, relative to the context. */
  dockerfile: string;
  /** What beside the files decides the content; undefined while a preview can't know it. */
  fingerprint: string | undefined;
  repository: pulumi.Output<string>;
  /** The repository's value; undefined while a preview can't know it. */
  knownRepository: string | undefined;
  registry: RegistryClient;
}

/** What became of an image. */
export interface Publication {
  /** The digest in the registry; in an update it is known only when the registry has the image. */
  digest: pulumi.Output<string>;
  outcome: "published" | "adopted" | "debug";
}

/** repository:tag, as an output that depends on whatever the repository depends on. */
export function specOf({ repository, version }: Pick<Subject, "repository" | "version">): pulumi.Output<string> {
  return repository.apply((value) => `${value}:${version.tag}`);
}

/** A staging folder's name: the content it holds, and a short hash of what else its Dockerfile is made from. */
export function stagingName({ name, version, dockerfile, build }: Subject, labels: Record<string, string>): string {
  // Labels that come back from the stack's state come in another order.
  const stamp = JSON.stringify([name, Object.entries(labels).sort(), dockerfile, build.target]);
  return `${version.tree.slice(0, 12)}-${createHash("sha256").update(stamp).digest("hex").slice(0, 8)}`;
}
