import * as pulumi from "@pulumi/pulumi";
import { knownValue } from "./outputs";

/** What was decided for a version when the stack first met it. */
export interface Decision {
  /** True if this stack publishes the version, false if it uses what the registry held already. */
  publish: boolean;
  /** The digest that was adopted. */
  digest?: string;
  /** The labels that the image is built with: what they say of this clone must not differ in the next one. */
  labels?: Record<string, string>;
}

/**
 * Keeps a decision in the stack's state for as long as the spec stays the same, so that the resources of a version that
 * this stack published do not vanish in the next run, when the registry has it. Returns the decision that holds: the first
 * one, unless `renew`.
 */
export async function recordDecision(
  name: string,
  spec: pulumi.Output<string>,
  decision: Decision,
  renew: boolean,
  opts: pulumi.CustomResourceOptions,
): Promise<Decision> {
  const stash = new pulumi.Stash(
    name,
    { input: { spec, decision } },
    {
      ...opts,
      ignoreChanges: renew ? [] : ["input.decision"],
      // Of the whole input: the engine does not replace a Stash for a nested path.
      replaceOnChanges: ["input"],
    },
  );
  const recorded = await knownValue<{ decision: Decision } | undefined>(stash.output);
  return recorded?.decision ?? decision;
}
