import * as assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";

const ROOT = path.resolve(__dirname, "../../..");

/** The check of `npm test -- style` must find what it is there for: here in a small house of its own, which is looked at once. */
describe("the table of rooms", () => {
  const offences: [what: string, rule: string, files: Record<string, string>][] = [
    ["a room above", "room-version", { "components/version/a.ts": 'import "../publish";' }],
    ["another room's inside", "room-context", { "components/context/a.ts": 'import "../git/inside";' }],
    ["a room beside", "room-registry", { "components/registry/a.ts": 'import "../git";' }],
    ["a circle", "no-circles", { "cli/a.ts": 'import "./b";', "cli/b.ts": 'import "./a";' }],
    ["a way past the door", "doors", { "cli/c.ts": 'import "../components/git/inside";' }],
    [
      "the command line in the library",
      "no-command-line-in-the-library",
      { "components/args.ts": 'import "../cli/index";' },
    ],
  ];
  const house = {
    ...Object.fromEntries(
      ["version", "publish", "git", "context", "registry"].flatMap((room) => [
        [`components/${room}/index.ts`, "export const a = 1;"],
        [`components/${room}/inside.ts`, "export const a = 1;"],
      ]),
    ),
    "cli/index.ts": "export const a = 1;",
    "components/context/below.ts": 'import "../git";\nimport "../version";',
    "tsconfig.json": "{}",
  };
  /** By the file that breaks them, rules. */
  let broken: Map<string, string[]>;

  before(() => {
    const directory = mkdtempSync(path.join(tmpdir(), "rooms-"));
    try {
      for (const [name, text] of [house, ...offences.map(([, , files]) => files)].flatMap(Object.entries<string>)) {
        mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
        writeFileSync(path.join(directory, name), text);
      }
      symlinkSync(path.join(ROOT, "node_modules"), path.join(directory, "node_modules"));
      const config = path.join(ROOT, ".dependency-cruiser.cjs");
      const cruiser = path.join(ROOT, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
      const { stdout, stderr } = spawnSync(
        process.execPath,
        [cruiser, "--config", config, "--output-type", "json", "components", "cli"],
        { cwd: directory, encoding: "utf8" },
      );
      assert.notEqual(stdout, "", stderr);
      const { summary } = JSON.parse(stdout) as { summary: { violations: { from: string; rule: { name: string } }[] } };
      broken = new Map();
      for (const { from, rule } of summary.violations) {
        broken.set(from, [...new Set([...(broken.get(from) ?? []), rule.name])]);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it("allows the doors of rooms below, and all that is no offence", () => {
    const offending = offences.flatMap(([, , files]) => Object.keys(files));
    assert.deepEqual(
      [...broken.keys()].filter((file) => !offending.includes(file)),
      [],
    );
  });

  for (const [what, rule, files] of offences) {
    it(`refuses ${what}`, () => {
      const found = Object.keys(files).flatMap((file) => broken.get(file) ?? []);
      // Of a circle one file is named.
      assert.deepEqual(found, [rule]);
    });
  }
});
