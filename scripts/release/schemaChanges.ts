import { isDeepStrictEqual } from "node:util";

/** An input, an output or a property of a type, as Pulumi's schema has it. */
type Property = Record<string, unknown>;

interface Entity {
  properties?: Record<string, Property>;
  /** Outputs that are always there; of a type, properties that must be given. */
  required?: string[];
  inputProperties?: Record<string, Property>;
  requiredInputs?: string[];
  enum?: { name?: string; value: unknown }[];
}

export interface Schema {
  resources?: Record<string, Entity>;
  types?: Record<string, Entity>;
}

/**
 * What a program that was written for one schema can't rely on any more in another: a line each, none where all go on. Object types
 * are taken as parts of inputs, which is what they are in this package.
 */
export function breakingChanges(before: Schema, after: Schema): string[] {
  return [
    ...inAll(before.resources, after.resources, (was, is) => [
      ...inProperties("input", was.inputProperties, is.inputProperties),
      ...added(was.requiredInputs, is.requiredInputs).map((name) => `input ${name} is required`),
      ...inProperties("output", was.properties, is.properties),
      ...added(is.required, was.required)
        .filter((name) => is.properties?.[name])
        .map((name) => `output ${name} may be missing`),
    ]),
    ...inAll(before.types, after.types, (was, is) => [
      ...inProperties("property", was.properties, is.properties),
      ...added(was.required, is.required).map((name) => `property ${name} is required`),
      ...inValues(was.enum, is.enum),
    ]),
  ];
}

function inAll(
  before: Record<string, Entity> = {},
  after: Record<string, Entity> = {},
  compare: (was: Entity, is: Entity) => string[],
): string[] {
  return Object.entries(before).flatMap(([token, was]) => {
    const is = after[token];
    return is === undefined ? [`${token} is gone`] : compare(was, is).map((change) => `${token}: ${change}`);
  });
}

function inProperties(
  kind: string,
  before: Record<string, Property> = {},
  after: Record<string, Property> = {},
): string[] {
  return Object.entries(before).flatMap(([name, was]) => {
    const is = after[name];
    if (is === undefined) {
      return [`${kind} ${name} is gone`];
    }
    return isDeepStrictEqual(shape(was), shape(is)) ? [] : [`${kind} ${name} has another type`];
  });
}

/** A type without words about it, and without what the lists of what is required say. */
function shape(property: Property): Property {
  const { description: _, deprecationMessage: __, optional: ___, ...type } = property;
  return type;
}

function inValues(before: Entity["enum"] = [], after: Entity["enum"] = []): string[] {
  return before
    .filter((was) => !after.some((is) => is.name === was.name && is.value === was.value))
    .map(({ name, value }) => `value ${name ?? value} is gone`);
}

function added(before: string[] = [], after: string[] = []): string[] {
  return after.filter((name) => !before.includes(name));
}

/** Whether one release may break what another has, by Semantic Versioning: another major version, before 1.0.0 another minor one. */
export function mayBreak(before: string, after: string): boolean {
  const [[major, minor], [otherMajor, otherMinor]] = [before.split("."), after.split(".")];
  return major !== otherMajor || (major === "0" && minor !== otherMinor);
}
