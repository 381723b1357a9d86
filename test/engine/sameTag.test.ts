import * as assert from "node:assert/strict";
import { changes, errorsOn, IMAGES, imageProject } from "../support/project";
import { registry } from "../support/registry";
import { TestStack } from "../support/stack";

/** One would be taken for the other. */
describe("two images of one program with the same tag", () => {
  for (const debug of [false, true]) {
    it(`are refused, and nothing of the second is pushed${debug ? " (debug)" : ""}`, async () => {
      const project = imageProject();
      project
        .write("worker/Dockerfile", "FROM scratch\nCOPY main /main\n")
        .write("worker/main", "worker\n")
        .write("app/main", "two\n");
      project.add().commit("Touch both");
      const repository = registry.repository("same");
      const args = (context: string, name = repository) => ({ context, repository: name, debug });
      const stack = new TestStack("test", {
        workDir: project.directory,
        env: process.env,
        program: IMAGES,
        config: { images: JSON.stringify({ app: args("app"), worker: args("worker") }) },
      });
      const spec = `${repository}:${project.head().slice(0, 7)}${debug ? "-debug" : ""}`;
      const refused = (other: string) =>
        `${spec} is the tag of another image of this program, ${other}, and a tag means one image: give each ` +
        "image a repository of its own, or declare it once and use it in both places. [InvalidArgument]";
      try {
        let [other, second] = ["", ""];
        for (const result of [await stack.preview(), await stack.up()]) {
          assert.equal(result.succeeded, false, result.text);
          // Which of them comes first is left to chance.
          [other, second] = errorsOn(result, "app").length > 0 ? ["worker", "app"] : ["app", "worker"];
          assert.deepEqual(errorsOn(result, second), [refused(other)]);
          assert.equal(`${second}-${debug ? "debug" : "image"}` in changes(result), false, result.text);
        }
        const before = registry.pushesTo(repository);
        assert.ok(before <= 1, `${before} pushes`);
        const apart = {
          [other]: args(other),
          [second]: args(second, registry.repository("apart")),
        };
        const result = await stack.up({ images: JSON.stringify(apart) });
        assert.equal(result.succeeded, true, result.text);
        assert.equal(registry.pushesTo(repository), 1);
      } finally {
        stack.forget();
        project.dispose();
      }
    });
  }
});
