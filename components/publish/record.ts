import * as pulumi from "@pulumi/pulumi";
import { knownValue } from "../pulumi/outputs";

/** What was decided for a version when the stack first met it. */
export interface Decision {
  /** True if this stack publishes the version, false if it uses what the registry held already. */
  publish: boolean;
  /** The digest that was adopted. */
  digest?: string;
  /** The labels that the image is built with: what they say of this clone must not differ in the next one. */
  labels?: Record<string, string>;
}

/** Keeps a decision in the stack's state, in place of whatever was kept before. */
export function recordDecision(
  name: string,
  spec: pulumi.Output<string>,
  decision: Decision,
  opts: pulumi.CustomResourceOptions,
): void {
  stash(name, spec, decision, opts);
}

/**
 * The decision that the stack's state keeps for a spec; if it has none, keeps the one given. It holds for as long as the
 * spec stays the same, so that the resources of a version that this stack published do not vanish in the next run, when the
 * registry has it.
 */
export async function recallDecision(
  name: string,
  spec: pulumi.Output<string>,
  decision: Decision,
  opts: pulumi.CustomResourceOptions,
): Promise<Decision> {
  const { output } = stash(name, spec, decision, { ...opts, ignoreChanges: ["input.decision"] });
  const kept = await knownValue<{ decision: Decision } | undefined>(output);
  return kept?.decision ?? decision;
}

function stash(
  name: string,
  spec: pulumi.Output<string>,
  decision: Decision,
  opts: pulumi.CustomResourceOptions,
): pulumi.Stash {
  // Of the whole input: the engine does not replace a Stash for a nested path.
  return new pulumi.Stash(name, { input: { spec, decision } }, { ...opts, replaceOnChanges: ["input"] });
}
