import * as assert from "node:assert/strict";
import { errorsOn, imageProject, infoOn, shown, UNKNOWN, warningsOn } from "../support/project";
import { registry } from "../support/registry";
import { TestStack } from "../support/stack";

const PROGRAM = require.resolve("./programs/unknown.ts");

describe("an image that a preview does not know all of", () => {
  const disposables: (() => unknown)[] = [];

  afterEach(() => {
    for (const dispose of disposables.splice(0)) {
      dispose();
    }
  });

  it("is one of which it says so, and what the update may answer", async function () {
    this.timeout(300_000);
    const source = imageProject();
    disposables.push(() => source.dispose());
    const repository = registry.repository("unknown");
    const stackOf = (base: string, platform = "linux/amd64") => {
      const config = { repository, base, platform };
      const stack = new TestStack("test", { workDir: source.directory, env: process.env, program: PROGRAM, config });
      disposables.push(() => stack.forget());
      return stack;
    };

    const publisher = stackOf("one");
    const first = await publisher.preview();
    assert.deepEqual(shown(first, "app"), { reference: UNKNOWN, outcome: "published" });
    assert.deepEqual(warningsOn(first, "app"), []);
    const published = shown(await publisher.up(), "app");
    const spec = published?.reference?.split("@")[0];
    const known = await publisher.preview();
    assert.deepEqual([shown(known, "app"), warningsOn(known, "app")], [published, []]);

    const same = stackOf("one");
    const released = { release: "v1.4.0" };
    const before = await same.preview(released);
    assert.deepEqual(shown(before, "app"), { ...published, outcome: "adopted" });
    assert.deepEqual(warningsOn(before, "app"), [
      `app: build.args.BASE and build.platform are not known before the update, so this preview can't tell whether ${spec}, which is ` +
        "published already, was built the same way. If it was built with other values, the update fails with BuildInputsChanged: then commit a change " +
        "in the image's directory together with it.",
    ]);
    assert.equal(
      infoOn(before, "app")[0],
      "app: some releaseTags are not known before the update, which fails with ReleaseTagTaken if another image has one of them",
    );
    assert.equal(await registry.digest(`${repository}:v1.4.0`), undefined);
    const adopted = await same.up(released);
    assert.deepEqual([shown(adopted, "app"), warningsOn(adopted, "app")], [{ ...published, outcome: "adopted" }, []]);
    assert.equal(`${spec}@${await registry.digest(`${repository}:v1.4.0`)}`, published?.reference);

    const refused = await stackOf("two").up();
    assert.equal(refused.succeeded, false, refused.text);
    assert.match(errorsOn(refused, "app").join(), /\[BuildInputsChanged\]$/);
  });
});
