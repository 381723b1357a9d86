import * as assert from "node:assert/strict";
import {
  ALL_ERRORS,
  changes,
  errorsOn,
  imageProject,
  imageStack,
  imagesConfig,
  imagesOf,
  infoOn,
} from "../support/project";
import { registry } from "../support/registry";

describe("release tags", () => {
  it("are written once; one can come later, and the next version is kept off them", async () => {
    const source = imageProject();
    const repositories = { app: registry.repository("release"), other: registry.repository("release") };
    /** Two images of the same directory. */
    const releasedAs = (app: string[], other: string[]) =>
      imagesConfig({
        app: { repository: repositories.app, releaseTags: app },
        other: { context: "app", repository: repositories.other, releaseTags: other },
      });
    const stack = imageStack(source, {});
    try {
      const first = imagesOf<"app" | "other">(await stack.up(releasedAs(["v1.4.0"], ["v1.4.0"])));
      for (const name of ["app", "other"] as const) {
        assert.deepEqual(await registry.tags(repositories[name]), [first[name].tag, "v1.4.0"]);
        assert.equal(await registry.digest(`${repositories[name]}:v1.4.0`), first[name].digest);
      }

      const more = releasedAs(["v1.4.0", "stable-7"], ["v1.4.0"]);
      const preview = await stack.preview(more);
      assert.deepEqual(changes(preview), { "app-record": "update" });
      assert.equal(infoOn(preview, "app").at(0), "app: will be released as stable-7");
      const asked = registry.requestsTo(repositories.other).length;
      const added = await stack.up(more);
      assert.deepEqual(changes(added), { "app-record": "update" });
      assert.equal(infoOn(added, "app").at(0), `app: released as ${repositories.app}:stable-7`);
      assert.equal(await registry.digest(`${repositories.app}:stable-7`), first.app.digest);
      // Of a version that has its release tags already, one request.
      assert.deepEqual(registry.requestsTo(repositories.other).slice(asked), [`HEAD manifests/${first.other.tag}`]);

      source.write("app/main", "two\n").add().commit("Two");
      const { digest, commit } = first.app;
      const taken = new RegExp(
        `${repositories.app}:v1\\.4\\.0 is in the registry already \\(${digest}, an image of commit ${commit}\\), .* \\[ReleaseTagTaken\\]`,
      );
      const pushes = registry.pushesTo(repositories.app);
      const next = releasedAs(["v1.4.0"], ["v1.5.0"]);
      for (const kind of ["preview", "up"] as const) {
        const options = { program: ALL_ERRORS, continueOnError: kind === "up" };
        const result = await stack.start(kind, next, options).result;
        assert.deepEqual([result.succeeded, errorsOn(result, "other")], [false, []], result.text);
        const [error = "", ...others] = errorsOn(result, "app");
        assert.deepEqual(others, []);
        assert.match(error, taken);
      }
      assert.equal(registry.pushesTo(repositories.app), pushes);
      const tags = ["v1.4.0", source.head().slice(0, 7), "v1.5.0"];
      const [before, second, released] = await Promise.all(
        tags.map((tag) => registry.digest(`${repositories.other}:${tag}`)),
      );
      assert.ok(second);
      assert.deepEqual([before, released], [first.other.digest, second]);
      assert.notEqual(second, before);
    } finally {
      stack.forget();
      source.dispose();
    }
  });
});
