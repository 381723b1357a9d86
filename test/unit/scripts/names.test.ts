import * as assert from "node:assert/strict";
import {
  fileName,
  type Names,
  packageFields,
  readNames,
  schemaFields,
  undecided,
} from "../../../scripts/release/names";

const DECIDED: Names = {
  package: "an-image",
  packageIsOurs: true,
  displayName: "An Image",
  publisher: "A Publisher",
  repository: "https://github.example/owner/an-image",
};

describe("release/names.json", () => {
  const names = readNames();
  for (const [file, fields] of [
    ["package.json", ["name", "author", "repository", "homepage", "bugs"]],
    ["plugin/package.json", ["name"]],
  ] as const) {
    it(`is what ${file} says`, () => {
      const found: Record<string, unknown> = require(`../../../${file}`);
      const expected = packageFields(names);
      for (const field of fields) {
        assert.deepEqual(found[field], expected[field], field);
      }
    });
  }

  it("says what is not decided", () => {
    assert.deepEqual(undecided(DECIDED), []);
    assert.deepEqual(undecided({ ...DECIDED, packageIsOurs: false, publisher: null, repository: null }), [
      "packageIsOurs",
      "publisher",
      "repository",
    ]);
  });

  it("becomes fields of package.json", () => {
    assert.deepEqual(packageFields(DECIDED), {
      name: "an-image",
      author: "A Publisher",
      repository: { type: "git", url: "git+https://github.example/owner/an-image.git" },
      homepage: "https://github.example/owner/an-image#readme",
      bugs: { url: "https://github.example/owner/an-image/issues" },
    });
  });

  it("becomes fields of the plugin's schema, those that are decided", () => {
    const { publisher, repository } = DECIDED;
    const always = {
      version: "1.2.3",
      displayName: "An Image",
      keywords: ["category/infrastructure", "kind/component"],
      license: require("../../../package.json").license,
      meta: { supportPack: true },
    };
    assert.deepEqual(schemaFields(DECIDED, "1.2.3"), {
      ...always,
      publisher,
      repository,
      homepage: repository,
      logoUrl: "https://github.example/owner/an-image/raw/v1.2.3/docs/images/logo.svg",
      pluginDownloadURL: "github://api.github.com/owner/an-image",
    });
    assert.deepEqual(schemaFields({ ...DECIDED, publisher: null, repository: null }, "1.2.3"), always);
  });

  it("names files, a name in a scope without its slash", () => {
    assert.equal(fileName(DECIDED), "an-image");
    assert.equal(fileName({ ...DECIDED, package: "@owner/an-image" }), "owner-an-image");
  });
});
