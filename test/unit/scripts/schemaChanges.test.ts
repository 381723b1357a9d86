import * as assert from "node:assert/strict";
import { breakingChanges, mayBreak } from "../../../scripts/release/schemaChanges";

const property = (type: string, more: Record<string, unknown> = {}) => ({ type, ...more });

function schema() {
  const inputs: Record<string, Record<string, unknown>> = {
    context: property("string", { plain: true, description: "A directory." }),
    tag: property("string", { optional: true }),
  };
  const outputs: Record<string, Record<string, unknown>> = { tag: property("string"), source: property("string") };
  const options: Record<string, Record<string, unknown>> = { target: property("string"), args: property("object") };
  return {
    image: { inputProperties: inputs, requiredInputs: ["context"], properties: outputs, required: ["tag"] },
    build: { properties: options, required: ["args"] },
    policy: { enum: [{ name: "Tree", value: "Tree" }] },
  };
}

type Parts = ReturnType<typeof schema>;

const whole = ({ image, build, policy }: Partial<Parts>) => ({
  resources: { ...(image && { Image: image }) },
  types: { ...(build && { Build: build }), ...(policy && { Policy: policy }) },
});

/** What is said of a change that is made to a schema. */
function changes(change: (parts: Partial<Parts> & Parts) => unknown): string[] {
  const after = schema();
  change(after);
  return breakingChanges(whole(schema()), whole(after));
}

describe("a schema that follows another", () => {
  it("breaks nothing where it is the same, has more, says it in other words or asks for less", () => {
    assert.deepEqual(
      changes(({ image, build, policy }) => {
        image.inputProperties.more = property("string", { optional: true });
        image.inputProperties.context = property("string", { plain: true, description: "A folder." });
        image.inputProperties.tag = property("string", { optional: true, deprecationMessage: "Leave it out." });
        image.requiredInputs = [];
        image.required = ["tag", "source"];
        build.properties.more = property("string");
        build.required = [];
        policy.enum.push({ name: "Commit", value: "Commit" });
      }),
      [],
    );
  });

  const broken: [what: string, line: string, change: Parameters<typeof changes>[0]][] = [
    ["a resource less", "Image is gone", (parts) => Reflect.deleteProperty(parts, "image")],
    ["a type less", "Build is gone", (parts) => Reflect.deleteProperty(parts, "build")],
    ["an input less", "Image: input tag is gone", ({ image }) => delete image.inputProperties.tag],
    [
      "an input of another type",
      "Image: input tag has another type",
      ({ image }) => Object.assign(image.inputProperties, { tag: property("number") }),
    ],
    [
      "an input that takes no Output any more",
      "Image: input tag has another type",
      ({ image }) => Object.assign(image.inputProperties, { tag: property("string", { plain: true }) }),
    ],
    [
      "an input that must be given now",
      "Image: input tag is required",
      ({ image }) => image.requiredInputs.push("tag"),
    ],
    [
      "a new input that must be given",
      "Image: input more is required",
      ({ image }) => {
        image.inputProperties.more = property("string");
        image.requiredInputs.push("more");
      },
    ],
    ["an output less", "Image: output source is gone", ({ image }) => delete image.properties.source],
    [
      "an output less that was always there",
      "Image: output tag is gone",
      ({ image }) => {
        delete image.properties.tag;
        image.required = [];
      },
    ],
    [
      "an output of another type",
      "Image: output tag has another type",
      ({ image }) => Object.assign(image.properties, { tag: property("array") }),
    ],
    [
      "an output that is not always there",
      "Image: output tag may be missing",
      ({ image }) => Object.assign(image, { required: [] }),
    ],
    ["an option less", "Build: property target is gone", ({ build }) => delete build.properties.target],
    [
      "an option that must be given now",
      "Build: property target is required",
      ({ build }) => build.required.push("target"),
    ],
    ["a value less", "Policy: value Tree is gone", ({ policy }) => policy.enum.pop()],
    [
      "a value that is written otherwise",
      "Policy: value Tree is gone",
      ({ policy }) => Object.assign(policy, { enum: [{ name: "Tree", value: "tree" }] }),
    ],
  ];
  for (const [what, line, change] of broken) {
    it(`breaks programs by ${what}`, () => assert.deepEqual(changes(change), [line]));
  }
});

describe("a release that breaks something", () => {
  const releases: [before: string, after: string, may: boolean][] = [
    ["0.1.0", "0.1.1", false],
    ["0.1.0", "0.2.0", true],
    ["0.9.0", "1.0.0", true],
    ["1.2.0", "1.3.0", false],
    ["1.2.0", "2.2.0", true],
    ["1.2.0", "11.2.0", true],
  ];
  for (const [before, after, may] of releases) {
    it(`${may ? "may" : "may not"} be ${after} after ${before}`, () => assert.equal(mayBreak(before, after), may));
  }
});
