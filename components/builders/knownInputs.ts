import type * as pulumi from "@pulumi/pulumi";
import { knownValue } from "../pulumi";

/** Values by their names, as far as a preview knows them. */
export interface KnownInputs {
  known: Record<string, string>;
  /** The names of those that it can't know yet. */
  unknown: string[];
}

export async function knownInputs(inputs: Record<string, pulumi.Input<string>> = {}): Promise<KnownInputs> {
  const known: Record<string, string> = {};
  const unknown: string[] = [];
  for (const [name, input] of Object.entries(inputs)) {
    const value = await knownValue(input);
    if (value === undefined) {
      unknown.push(name);
    } else {
      known[name] = value;
    }
  }
  return { known, unknown };
}
