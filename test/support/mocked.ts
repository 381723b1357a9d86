import * as pulumi from "@pulumi/pulumi";
import type { VersionedImage } from "../../components";
import { knownValue } from "../../components/pulumi/outputs";

/** A resource that a program declared. */
export interface Declared {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

/** Runs a part of a program under Pulumi's mocks; returns all that it declared. `state` answers for the provider: by default the inputs. */
export async function declaredBy<T>(
  program: () => T | Promise<T>,
  {
    preview = false,
    stack = "stack",
    state = ({ inputs }) => inputs,
  }: { preview?: boolean; stack?: string; state?: (made: Declared) => Record<string, unknown> } = {},
): Promise<{ declared: Declared[]; made: T }> {
  const declared: Declared[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, id }) => {
        declared.push({ type, name, inputs });
        return { id: id || `${name}-id`, state: state({ type, name, inputs }) };
      },
      call: () => ({}),
    },
    "project",
    stack,
    preview,
  );
  const made = await program();
  // Ends when all that was declared is registered.
  await pulumi.runtime.disconnect();
  return { declared, made };
}

/** The inputs of the one resource of this name. */
export function inputsOf(declared: Declared[], name: string): Record<string, unknown> {
  const found = declared.filter((resource) => resource.name === name);
  if (found.length !== 1) {
    throw new Error(`${found.length} resources are called ${name}: ${declared.map((one) => one.name).join(", ")}`);
  }
  return found[0]?.inputs ?? {};
}

const OUTPUTS = [
  "tag",
  "spec",
  "reference",
  "digestReference",
  "digest",
  "commit",
  "tree",
  "source",
  "outcome",
] as const;

/** All outputs of an image, by name; undefined for those that a preview can't know. */
export async function outputsOf(image: VersionedImage): Promise<Record<string, unknown>> {
  const values = await Promise.all(OUTPUTS.map((name) => knownValue<unknown>(image[name])));
  return Object.fromEntries(OUTPUTS.map((name, index) => [name, values[index]]));
}
