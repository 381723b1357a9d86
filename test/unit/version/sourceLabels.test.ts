import * as assert from "node:assert/strict";
import fc from "fast-check";
import { labelledSource, outermost, sourceLabels } from "../../../components/version";

const CONTEXT = "dev.versioned-image.context";
const PATHS = "dev.versioned-image.paths";
const DOCKERFILE = "dev.versioned-image.dockerfile";
const BASES = "dev.versioned-image.bases";
const SAID = { [CONTEXT]: "app", [PATHS]: '["app"]', [DOCKERFILE]: "app/Dockerfile", [BASES]: "" };

describe("labelledSource", () => {
  it("reads back what is written, whatever the names", () => {
    const name = fc.string({ minLength: 1, unit: "grapheme" }).filter((part) => !/[/\0]|^\.{1,2}$/.test(part));
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
    const paths = fc.array(fc.oneof(path, fc.constant("")), { minLength: 1, maxLength: 3 });
    const base = fc.record({ reference: fc.string(), covers: paths });
    const source = fc.record({
      context: fc.oneof(path, fc.constant("")),
      files: paths,
      dockerfile: path,
      bases: fc.dictionary(fc.stringMatching(/^[A-Z]{1,3}$/), base, { maxKeys: 3 }),
    });
    fc.assert(
      fc.property(source, ({ context, files, dockerfile, bases }) => {
        const entries = Object.entries(bases);
        const version = {
          context,
          files,
          dockerfile,
          bases: Object.fromEntries(entries.map(([key, { covers }]) => [key, { covers, tree: "t" }])),
        };
        const references = Object.fromEntries(entries.map(([key, { reference }]) => [key, reference]));
        const found = labelledSource(sourceLabels(version, references));
        const covered = outermost([...files, ...entries.flatMap(([, { covers }]) => covers)]);
        assert.deepEqual(found && { ...found, bases: { ...found.bases } }, {
          ...{ context, files, dockerfile, paths: covered },
          bases: Object.fromEntries(entries.map(([key, value]) => [key, { ...value }])),
        });
      }),
    );
  });

  it("covers what its bases cover", () => {
    const bases = { BASE: { reference: "h.example/base:1@sha256:d", covers: ["images/base", "app/lib"] } };
    const found = labelledSource({ ...SAID, [BASES]: JSON.stringify(bases) });
    assert.deepEqual(found, {
      context: "app",
      files: ["app"],
      dockerfile: "app/Dockerfile",
      bases,
      paths: ["app", "images/base"],
    });
  });

  for (const [what, labels] of [
    ["no labels", {}],
    ["those of a release before", { "dev.versioned-image.tree": "t" }],
    ["a path that leads out", { ...SAID, [PATHS]: '["../x"]' }],
    ["one that leads out on its way", { ...SAID, [PATHS]: '["app/../../x"]' }],
    ["an absolute path", { ...SAID, [CONTEXT]: "/etc" }],
    ["a Dockerfile elsewhere", { ...SAID, [DOCKERFILE]: "../../x" }],
    ["the root as a Dockerfile", { ...SAID, [DOCKERFILE]: "." }],
    ["NUL in a name", { ...SAID, [CONTEXT]: "a\0b" }],
    ["no JSON", { ...SAID, [PATHS]: "app" }],
    ["no path", { ...SAID, [PATHS]: "[]" }],
    ["a path that is no text", { ...SAID, [PATHS]: '["app", 1]' }],
    ["an empty path", { ...SAID, [PATHS]: '[""]' }],
    ["paths that are no list", { ...SAID, [PATHS]: '{"0":"app"}' }],
    ["bases that are a list", { ...SAID, [BASES]: "[]" }],
    ["bases that are null", { ...SAID, [BASES]: "null" }],
    ["a base that is null", { ...SAID, [BASES]: '{"BASE":null}' }],
    ["a base that covers nothing", { ...SAID, [BASES]: '{"BASE":{"reference":"r","covers":[]}}' }],
    ["a base that leads out", { ...SAID, [BASES]: '{"BASE":{"reference":"r","covers":[".."]}}' }],
    ["a base whose name is no build argument's", { ...SAID, [BASES]: '{"A=b":{"reference":"r","covers":["a"]}}' }],
    ["paths that are longer than git takes", { ...SAID, [PATHS]: JSON.stringify(["a".repeat(32 * 1024)]) }],
    ["a base without a reference", { ...SAID, [BASES]: '{"BASE":{"covers":["a"]}}' }],
  ] as const) {
    it(`is nothing for ${what}`, () => {
      assert.equal(labelledSource(labels), undefined);
    });
  }
});
