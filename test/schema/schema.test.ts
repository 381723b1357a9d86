import * as assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { ComponentProvider } from "@pulumi/pulumi/provider/experimental/provider";
import { VersionedImage } from "../../components";

const ROOT = path.resolve(__dirname, "../..");
const GOLDEN = path.join(__dirname, "schema.json");

/** What other languages see, as Pulumi's own analyzer makes it. A change of it must be meant: UPDATE_GOLDEN=1 writes it anew. */
describe("the schema for other languages", () => {
  let schema: Record<string, any>;

  before(async () => {
    const provider = new ComponentProvider({ components: [VersionedImage], dirname: ROOT, name: "versioned-image" });
    schema = JSON.parse(await provider.getSchema());
  });

  it("is the one that was agreed on", () => {
    const { version: _, ...found } = schema;
    const text = `${JSON.stringify(found, undefined, 2)}\n`;
    if (process.env.UPDATE_GOLDEN || !existsSync(GOLDEN)) {
      writeFileSync(GOLDEN, text);
    }
    assert.equal(text, readFileSync(GOLDEN, "utf8"));
  });

  it("describes every input and output in words", () => {
    const { resources, types } = schema;
    const described = [...Object.values<any>(resources), ...Object.values<any>(types)].flatMap(
      ({ properties = {}, inputProperties = {}, enum: values = [] }) => [
        ...Object.entries<any>({ ...properties, ...inputProperties }),
        ...values.map((value: any) => [value.name, value]),
      ],
    );
    assert.deepEqual(
      described
        .filter(([, { description }]) => !description || /[{}@]|undefined/.test(description))
        .map(([name]) => name),
      [],
    );
    assert.ok(described.length > 20);
  });
});
