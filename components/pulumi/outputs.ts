import * as pulumi from "@pulumi/pulumi";

/** The parts of an Output that tell whether its value is known; the SDK has them on every Output but not in its types. */
interface Knowable<T> {
  promise(withUnknowns: true): Promise<T>;
  isKnown: Promise<boolean>;
  isSecret: Promise<boolean>;
}

/** The value of an input, or undefined where a preview can't know it yet. */
export async function knownValue<T>(input: pulumi.Input<T>): Promise<T | undefined> {
  const output = pulumi.output(input) as unknown as Knowable<T>;
  const value = await output.promise(true);
  return (await output.isKnown) ? value : undefined;
}

/**
 * A resource's URN; in a preview too it is known once the resource is registered. Throws what kept it from that, such as the error of an
 * image that it depends on.
 */
export function urnOf(resource: pulumi.Resource): Promise<string> {
  return (resource.urn as unknown as Knowable<string>).promise(true);
}

/** Whether an input is marked as a secret. */
export function isSecret(input: pulumi.Input<unknown>): Promise<boolean> {
  return (pulumi.output(input) as unknown as Knowable<unknown>).isSecret;
}

/** A value that a preview can't know. */
export function unknownOutput<T>(): pulumi.Output<T> {
  return pulumi.output(pulumi.unknown) as unknown as pulumi.Output<T>;
}

/**
 * Has nobody take the error of outputs for one that nobody handles: it is shown where a component registers them. Node warns of each error that
 * is handled late, such as that of an output which a program exports after one that takes longer.
 */
export function shownOnce(outputs: Iterable<pulumi.Output<unknown>>): void {
  for (const output of outputs) {
    const { isKnown, isSecret } = output as unknown as Knowable<unknown>;
    isKnown.catch(() => {});
    isSecret.catch(() => {});
  }
}
