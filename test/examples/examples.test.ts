import * as assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import * as ts from "typescript";
import { parse } from "yaml";

const ROOT = path.resolve(__dirname, "../..");
const EXAMPLES = path.join(ROOT, "examples");

interface Program {
  config: Record<string, unknown>;
  resources: Record<string, { type: string; properties: Record<string, string> }>;
  outputs: Record<string, string>;
}

interface Schema {
  name: string;
  resources: Record<string, { properties: object; inputProperties: object; requiredInputs: string[] }>;
}

function readSchema(): Schema {
  return JSON.parse(readFileSync(path.join(ROOT, "test/schema/schema.json"), "utf8"));
}

/** A name of Go as the schema has it. */
function uncapitalized(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** Every example is type-checked or, where that can't be, parsed and compared with the schema. */
describe("the examples", () => {
  it("in TypeScript are type-checked against the library", () => {
    const folder = path.join(EXAMPLES, "typescript");
    const programs = readdirSync(folder).map((name) => path.join(folder, name, "index.ts"));
    assert.equal(programs.length, 13);
    const files = [...programs, path.join(folder, "tested/index.test.ts"), path.join(EXAMPLES, "policy/index.ts")];
    const program = ts.createProgram(files, {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2023.d.ts"],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: ["node", "mocha"],
      typeRoots: [path.join(ROOT, "node_modules/@types")],
      paths: {
        "versioned-image": [path.join(ROOT, "components/index.ts")],
        "versioned-image/kubernetes": [path.join(ROOT, "components/kubernetes.ts")],
        "versioned-image/testing": [path.join(ROOT, "components/testing.ts")],
      },
    });
    const faults = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
      return `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    });
    assert.deepEqual(faults, []);
  }).timeout(60_000);

  it("in YAML use the resources, inputs and outputs of the schema", () => {
    const schema = readSchema();
    const program = parse(readFileSync(path.join(EXAMPLES, "yaml/Pulumi.yaml"), "utf8")) as Program;
    assert.deepEqual(Object.keys(program.resources), ["simple"]);
    for (const { type, properties } of Object.values(program.resources)) {
      const resource = schema.resources[type.replace(":", ":index:")];
      assert.ok(resource, type);
      const unknown = Object.keys(properties).filter((name) => !(name in resource.inputProperties));
      const missing = resource.requiredInputs.filter((name) => !(name in properties));
      assert.deepEqual({ unknown, missing }, { unknown: [], missing: [] });
    }
    const references = [...JSON.stringify(program).matchAll(/\$\{([^}]+)\}/g)].map(([, name = ""]) => name.split("."));
    assert.equal(references.length, 3);
    for (const [name = "", property] of references) {
      const resource = program.resources[name];
      const outputs = schema.resources[resource?.type.replace(":", ":index:") ?? ""]?.properties ?? {};
      assert.ok(property === undefined ? name in program.config : property in outputs, `${name}.${property}`);
    }
  });

  it("in Go use the import path, resource, inputs and outputs of the SDK that the schema gives", () => {
    const program = readFileSync(path.join(EXAMPLES, "go/main.go"), "utf8");
    const { name, resources } = readSchema();
    const goName = name.replaceAll("-", "");
    // What Pulumi makes of a package that names no repository of its own.
    assert.ok(program.includes(`"example.com/pulumi-${name}/sdk/go/${goName}"`), "the import path");
    const [, type = "", resourceArgs, body = ""] =
      new RegExp(`${goName}\\.New(\\w+)\\(ctx, "simple", &${goName}\\.(\\w+)\\{\\n([^}]*)\\}\\)`).exec(program) ?? [];
    const resource = resources[`${name}:index:${type}`];
    assert.ok(resource, type);
    assert.equal(resourceArgs, `${type}Args`);
    const inputs = [...body.matchAll(/^\t+(\w+):/gm)].map(([, field = ""]) => uncapitalized(field));
    assert.deepEqual(
      inputs.filter((input) => !(input in resource.inputProperties)),
      [],
    );
    assert.deepEqual(
      resource.requiredInputs.filter((input) => !inputs.includes(input)),
      [],
    );
    const outputs = [...program.matchAll(/ctx\.Export\("(\w+)", image\.(\w+)\)/g)];
    assert.deepEqual(
      outputs.map(([, exported]) => exported),
      ["tag", "reference"],
    );
    assert.deepEqual(
      outputs.filter(([, , field = ""]) => !(uncapitalized(field) in resource.properties)),
      [],
    );
  });

  it("in Go are parsed, and formatted as Go is", function () {
    const gofmt = spawnSync("gofmt", ["-l", path.join(EXAMPLES, "go/main.go")], { encoding: "utf8" });
    if (gofmt.error) {
      console.log("There is no gofmt here: the example in Go was not parsed.");
      this.skip();
    }
    assert.deepEqual(
      { status: gofmt.status, unformatted: gofmt.stdout, faults: gofmt.stderr },
      { status: 0, unformatted: "", faults: "" },
    );
  });

  it("in Python are parsed", function () {
    if (spawnSync("python3", ["--version"]).status !== 0) {
      console.log("There is no python3 here: the example in Python was not parsed.");
      this.skip();
    }
    const file = path.join(EXAMPLES, "python/__main__.py");
    execFileSync("python3", ["-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())", file]);
  });
});
