import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { readNames } from "../../../scripts/release/names";
import { readSchema, SCHEMA } from "../../../scripts/release/schemas";

const ROOT = path.resolve(__dirname, "../../..");
const read = (file: string) => readFileSync(path.join(ROOT, file), "utf8");
const INDEX = "docs/_index.md";

/** What Pulumi's registry reads before the text. */
function frontMatter(page: string): Record<string, string> {
  return parse(read(page).split("---\n")[1] ?? "");
}

/** The example of each language, by what the page's chooser calls the language. */
function examples(): Map<string, string> {
  const found = read(INDEX).matchAll(
    /^{{% choosable language (\w+) %}}\n\n```\w+\n(.*?)^```\n\n{{% \/choosable %}}$/gms,
  );
  return new Map([...found].map(([, language = "", code = ""]) => [language, code]));
}

describe("the pages for Pulumi's registry", () => {
  it("begin with what it asks for", () => {
    const { displayName } = readNames();
    const { description } = JSON.parse(read("package.json"));
    assert.deepEqual(frontMatter(INDEX), { title: displayName, meta_desc: `${description}.`, layout: "package" });
    assert.deepEqual(frontMatter("docs/installation-configuration.md"), {
      title: `${displayName} Installation & Configuration`,
      meta_desc: `How to install and configure ${displayName} for Pulumi.`,
      layout: "package",
    });
  });

  it("have an example in each language that they offer", () => {
    const [, offered = ""] = /{{< chooser language "([^"]*)" >}}/.exec(read(INDEX)) ?? [];
    assert.deepEqual([...examples().keys()], offered.split(","));
    assert.deepEqual([...examples().keys()].sort(), ["csharp", "go", "java", "python", "typescript", "yaml"]);
  });

  for (const [language, file] of [
    ["python", "examples/python/__main__.py"],
    ["go", "examples/go/main.go"],
    ["java", "examples/java/src/main/java/myapp/App.java"],
    ["yaml", "examples/yaml/Pulumi.yaml"],
  ] as const) {
    it(`have the example in ${language} that the engine's tests run`, () => {
      const code = examples().get(language) ?? "";
      assert.ok(code !== "" && read(file).endsWith(code), `${INDEX} has another program than ${file}`);
    });
  }

  it("use inputs and outputs that the schema has", () => {
    const resource = readSchema(SCHEMA).resources?.["versioned-image:index:VersionedImage"];
    const [inputs, outputs] = [resource?.inputProperties ?? {}, resource?.properties ?? {}];
    const used: Record<string, [RegExp, RegExp]> = {
      typescript: [/^ {2}(\w+):/gm, /image\.(\w+);/g],
      csharp: [/^ {8}(\w+) =/gm, /image\.(\w+),/g],
      java: [/^ {12}\.(?!build\b)(\w+)\(/gm, /image\.(\w+)\(\)/g],
    };
    for (const [language, [input, output]] of Object.entries(used)) {
      const code = examples().get(language) ?? "";
      const names = (pattern: RegExp) => [...code.matchAll(pattern)].map(([, name = ""]) => lowerFirst(name));
      assert.deepEqual(names(input), ["context", "repository"], language);
      assert.deepEqual(names(output), ["tag", "reference"], language);
    }
    assert.ok(inputs.context && inputs.repository && outputs.tag && outputs.reference);
  });
});

const lowerFirst = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);
