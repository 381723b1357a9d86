import * as pulumi from "@pulumi/pulumi";

/** The parts of an Output that tell whether its value is known; the SDK has them on every Output but not in its types. */
interface Knowable<T> {
  promise(withUnknowns: true): Promise<T>;
  isKnown: Promise<boolean>;
  isSecret: Promise<boolean>;
  allResources?(): Promise<Set<pulumi.Resource>>;
}

/** The value of an input, or undefined where a preview can't know it yet. */
export async function knownValue<T>(input: pulumi.Input<T>): Promise<T | undefined> {
  const output = pulumi.output(input) as unknown as Knowable<T>;
  // Both reject where the value can't be had, and what nobody waits for ends the process.
  const [value, isKnown] = await Promise.all([output.promise(true), output.isKnown]);
  return isKnown ? value : undefined;
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

/** Whether a value comes from a resource, so that a preview may not know it. */
export async function dependsOnResource(input: pulumi.Input<unknown>): Promise<boolean> {
  const resources = await (pulumi.output(input) as unknown as Knowable<unknown>).allResources?.();
  return resources !== undefined && resources.size > 0;
}

/** A value that a preview can't know. */
export function unknownOutput<T>(): pulumi.Output<T> {
  return pulumi.output(pulumi.unknown) as unknown as pulumi.Output<T>;
}

/** What is not known, in an update either, since a resource or a component's children are left out of it: the engine refuses who needs it. */
export function unknownWithout<T>(resource: pulumi.Resource): pulumi.Output<T> {
  return resource.urn.apply(() => unknownOutput<T>()) as unknown as pulumi.Output<T>;
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
