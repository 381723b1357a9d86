import * as assert from "node:assert/strict";
import { cli } from "./setup";

describe("the command line's usage", () => {
  const wrong: [argv: string[], complaint: RegExp][] = [
    [["tag"], /^error: missing required argument 'context'/],
    [["tags", "a", "b"], /^error: too many arguments/],
    [["tag", "a", "--frob"], /^error: unknown option '--frob'/],
    [["tga", "a"], /^error: unknown command 'tga'\n\(Did you mean tag\?\)/],
    [["tag", "a", "--tag-length", "6"], /argument '6' is invalid\. Use a whole number from 7 to 40\./],
    [["tag", "a", "--tag-length", "41"], /argument '41' is invalid/],
    [["tag", "a", "--tag-length", "7.5"], /argument '7\.5' is invalid/],
    [["tag", "a", "--tag-policy", "branch"], /argument 'branch' is invalid\. Use commit or tree\./],
    [["tags"], /^error: missing required argument 'repository'/],
    [["verify"], /^error: missing required argument 'reference'/],
    [["provenance"], /^error: missing required argument 'reference'/],
    [["explain"], /^error: missing required argument 'context'/],
    [[], /^Usage: versioned-image/],
  ];

  for (const [argv, complaint] of wrong) {
    it(`is wrong, with exit status 2: ${argv.join(" ") || "nothing at all"}`, async () => {
      const { status, out, err } = await cli(argv);
      assert.equal(status, 2);
      assert.equal(out, "");
      assert.match(err, complaint);
    });
  }

  it("is complained of as JSON where JSON is wanted", async () => {
    const { status, out, err } = await cli(["tag", "--json"]);
    assert.equal(status, 2);
    assert.equal(err, "");
    assert.deepEqual(JSON.parse(out), {
      error: { code: "InvalidArgument", message: "missing required argument 'context'" },
    });
  });

  const unclear: [argv: string[], message: RegExp][] = [
    [["tags", "simple"], /"simple" does not name an image in a registry: it has no registry host/],
    [["tags", "127.0.0.1:5000/app:tag"], /it has a tag or digest, but the version sets them/],
    [["explain", ".", "--repository", "127.0.0.1:5000/app:tag"], /it has a tag or digest, but the version sets them/],
    [["verify", "127.0.0.1:5000/app"], /127\.0\.0\.1:5000\/app has neither tag nor digest\. Add one/],
    [["provenance", "127.0.0.1:5000/app"], /127\.0\.0\.1:5000\/app has neither tag nor digest\. Add one/],
    [["provenance", "127.0.0.1:5000/app:t", "--path", "a"], /need --context/],
    [["verify", "127.0.0.1:5000/app:t", "--path", "a"], /need --context/],
    [["verify", "127.0.0.1:5000/app:t", "--dockerfile", "a"], /need --context/],
  ];

  for (const [argv, message] of unclear) {
    it(`is an error with a code: ${argv.join(" ")}`, async () => {
      const { status, out, err } = await cli(argv);
      assert.equal(status, 1);
      assert.equal(out, "");
      assert.match(err, message);
      assert.match(err, / \[InvalidArgument\]\n$/);
    });
  }

  for (const command of ["tag", "tags", "verify", "explain", "prune", "copy", "status", "publish", "provenance"]) {
    it(`is taught by ${command} --help`, async () => {
      const { status, out, err } = await cli([command, "--help"]);
      assert.equal(status, 0);
      assert.equal(err, "");
      assert.match(out, new RegExp(`^Usage: versioned-image ${command} \\[options\\] [<\\[]`));
      assert.match(out, /\nExamples:\n {2}versioned-image /);
      assert.match(out, /\nExit status: 0 /);
      // What provenance prints is JSON in any case.
      assert.equal(/ --json /.test(out), command !== "provenance");
    });
  }

  it("is taught by --help, with every command", async () => {
    const { status, out } = await cli(["--help"]);
    assert.equal(status, 0);
    assert.deepEqual(
      [...out.matchAll(/^ {2}(\w+) \[options\]/gm)].map(([, name]) => name),
      ["tag", "explain", "tags", "verify", "provenance", "prune", "copy", "status", "publish"],
    );
  });

  it("tells the package's version", async () => {
    const { version } = require("../../../package.json") as { version: string };
    assert.deepEqual(await cli(["--version"]), { status: 0, out: `${version}\n`, err: "" });
  });
});
