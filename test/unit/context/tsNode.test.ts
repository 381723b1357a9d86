import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";

const COMPONENTS = path.resolve(__dirname, "../../../components");

/** Loads TypeScript as the Pulumi CLI does for a program, and prepares a context with the package's sources. */
const PROGRAM = `
  require(${JSON.stringify(require.resolve("@pulumi/pulumi/vendor/ts-node@7.0.1"))}).register({
    compiler: ${JSON.stringify(require.resolve("typescript"))},
    transpileOnly: true,
    skipProject: true,
    compilerOptions: { target: "ES2020", module: "nodenext", moduleResolution: "nodenext" },
  });
  const { writeFile } = require("node:fs/promises");
  const { prepareContext } = require(${JSON.stringify(path.join(COMPONENTS, "context", "preparedContext.ts"))});
  prepareContext({
    dockerfile: "Dockerfile",
    write: (into) => writeFile(into + "/Dockerfile", "FROM a\\n"),
  }).then(({ directory }) => console.log(require("node:fs").readFileSync(directory + "/Dockerfile", "utf8")));
`;

describe("the package's sources, loaded by the Pulumi CLI", () => {
  it("prepare a context: a clone's program is run so", () => {
    const directory = mkdtempSync(path.join(tmpdir(), "staging-"));
    try {
      const printed = execFileSync(process.execPath, ["-e", PROGRAM], { cwd: directory, encoding: "utf8" });
      assert.equal(printed, "FROM a\n\n");
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
