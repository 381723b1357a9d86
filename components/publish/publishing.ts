import * as pulumi from "@pulumi/pulumi";
import {
  createClock,
  type Last,
  type Ports,
  type Publishing,
  type Pushed,
  proveServed,
  registryPort,
  type Target,
} from "../protocol";
import { isMocked, knownValue, organization, previousOutputs, urnOf } from "../pulumi";
import { scratchTag } from "../version";
import { labelsOf } from "./bases";
import { sayProgress } from "./runReport";
import { expectedOf, type Subject } from "./subject";

/** An image as the protocol of publishing sees it. `again`: what has its builder build anew. */
export async function publishingOf(subject: Subject, target: Target, again = "pulumi up"): Promise<Publishing> {
  const { version, args, copyFrom } = subject;
  const { repository, spec } = target;
  const [identity, last] = await Promise.all([identityOf(subject), lastOf(subject)]);
  return {
    spec,
    repository,
    tag: version.tag,
    labels: async () => {
      const labels = await knownValue(labelsOf(subject));
      if (labels === undefined) {
        throw new Error(`the labels of ${spec} are not known in an update`);
      }
      return labels;
    },
    copyFrom: copyFrom === "unknown" ? undefined : copyFrom,
    mayBuild: args.publish !== false,
    scratchTag: (nonce) => scratchTag(pulumi.getStack(), nonce === undefined ? identity : `${identity}/${nonce}`),
    command: "pulumi up",
    again,
    prove: proveServed(expectedOf(subject), target, "pulumi up"),
    last,
  };
}

/** What tells an image from all others, in all stacks. The content of a debug image has a tag of its own. */
async function identityOf({ component, version }: Subject): Promise<string> {
  return `${organization()}/${await urnOf(component)}${version.debug ? "/debug" : ""}`;
}

/** What this stack used last, as the component's outputs have it. */
async function lastOf({ component }: Subject): Promise<Last | undefined> {
  const { spec, digest, pushed } = await previousOutputs(component);
  return typeof spec === "string" && typeof digest === "string"
    ? { spec, digest, pushed: pushed as Pushed | undefined }
    : undefined;
}

/** The world as a publication sees it, but for what is its caller's. */
export function portsOf(subject: Subject, target: Target): Omit<Ports, "build" | "record"> {
  return {
    registry: registryPort(target),
    say: {
      progress: (what) => sayProgress(subject, what),
      warn: (what) => void pulumi.log.warn(what, subject.component),
    },
    clock,
  };
}

const clock = createClock();

/** Whether nothing is to be built, pushed or written. */
export function isTried(): boolean {
  return pulumi.runtime.isDryRun() || isMocked();
}
