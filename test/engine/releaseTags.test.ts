import * as assert from "node:assert/strict";
import { changes, errorsOn, imageConfig, imageProject, imageStack, infoOn, succeeded } from "../support/project";
import { registry } from "../support/registry";

describe("release tags", () => {
  it("are written once; one can come later, and the next version is kept off them", async () => {
    const [source, repository] = [imageProject(), registry.repository("release")];
    const releasedAs = (...releaseTags: string[]) => imageConfig({ repository, releaseTags });
    const stack = imageStack(source, { repository });
    try {
      const first = succeeded(await stack.up(releasedAs("v1.4.0")));
      assert.deepEqual(await registry.tags(repository), [first.tag, "v1.4.0"]);
      assert.equal(await registry.digest(`${repository}:v1.4.0`), first.digest);
      const asked = registry.requestsTo(repository).length;
      assert.deepEqual(changes(await stack.up(releasedAs("v1.4.0"))), {});
      assert.deepEqual(registry.requestsTo(repository).slice(asked), [`HEAD manifests/${first.tag}`]);

      const preview = await stack.preview(releasedAs("v1.4.0", "stable-7"));
      assert.deepEqual(changes(preview), { "app-record": "update" });
      assert.equal(infoOn(preview, "app").at(0), "app: will be released as stable-7");
      const added = await stack.up(releasedAs("v1.4.0", "stable-7"));
      assert.equal(infoOn(added, "app").at(0), `app: released as ${repository}:stable-7`);
      assert.equal(await registry.digest(`${repository}:stable-7`), first.digest);

      source.write("app/main", "two\n").add().commit("Two");
      const taken = new RegExp(
        `${repository}:v1\\.4\\.0 is in the registry already \\(${first.digest}, an image of commit ${first.commit}\\), .* \\[ReleaseTagTaken\\]`,
      );
      const pushes = registry.pushesTo(repository);
      for (const result of [await stack.preview(releasedAs("v1.4.0")), await stack.up(releasedAs("v1.4.0"))]) {
        const [error = "", ...more] = errorsOn(result, "app");
        assert.deepEqual([result.succeeded, more], [false, []], result.text);
        assert.match(error, taken);
      }
      assert.equal(registry.pushesTo(repository), pushes);
      const second = succeeded(await stack.up(releasedAs("v1.5.0")));
      const digests = ["v1.4.0", "v1.5.0"].map((tag) => registry.digest(`${repository}:${tag}`));
      assert.deepEqual(await Promise.all(digests), [first.digest, second.digest]);
    } finally {
      stack.forget();
      source.dispose();
    }
  });
});
