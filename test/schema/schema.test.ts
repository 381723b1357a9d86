import * as assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { ComponentProvider } from "@pulumi/pulumi/provider/experimental/provider";
import { VersionedImage } from "../../components";

const ROOT = path.resolve(__dirname, "../..");
const GOLDEN = path.join(__dirname, "schema.json");

interface Described {
  name?: string;
  description?: string;
}

interface Entity {
  properties?: Record<string, Described>;
  inputProperties?: Record<string, Described>;
  enum?: Described[];
}

interface Schema {
  version?: string;
  resources: Record<string, Entity>;
  types: Record<string, Entity>;
}

/** What other languages see, as Pulumi's own analyzer makes it. A change of it must be meant: UPDATE_GOLDEN=1 writes it anew. */
describe("the schema for other languages", () => {
  let schema: Schema;

  before(async () => {
    const provider = new ComponentProvider({ components: [VersionedImage], dirname: ROOT, name: "versioned-image" });
    schema = JSON.parse(await provider.getSchema());
  });

  it("is the one that was agreed on", () => {
    const { version: _, ...found } = schema;
    if (process.env.UPDATE_GOLDEN) {
      writeFileSync(GOLDEN, `${JSON.stringify(found, undefined, 2)}\n`);
    }
    assert.deepEqual(found, JSON.parse(readFileSync(GOLDEN, "utf8")));
  });

  it("describes every input and output in words", () => {
    const described = [...Object.values(schema.resources), ...Object.values(schema.types)].flatMap(
      ({ properties = {}, inputProperties = {}, enum: values = [] }) => [
        ...Object.entries({ ...properties, ...inputProperties }),
        ...values.map((value) => [value.name, value] as const),
      ],
    );
    const bad = described.filter(([, { description }]) => !description || /[{}]|undefined/.test(description));
    assert.deepEqual(
      bad.map(([name]) => name),
      [],
    );
    assert.equal(described.length, 50);
  });
});
