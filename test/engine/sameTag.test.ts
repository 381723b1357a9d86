import * as assert from "node:assert/strict";
import { ALL_ERRORS, changes, errorsOn, imageStack, imagesConfig, imagesProject } from "../support/project";
import { registry } from "../support/registry";

/** One would be taken for the other. */
describe("two images of one program with the same tag", () => {
  it("are refused, debug images, too, and nothing of the second is pushed", async () => {
    const project = imagesProject({ app: {}, worker: {} });
    const kinds = [
      { debug: false, end: "", repository: registry.repository("same") },
      { debug: true, end: "-debug", repository: registry.repository("same") },
    ];
    const images = kinds.flatMap(({ debug, end, repository }) =>
      ["app", "worker"].map((context) => [`${context}${end}`, { context, repository, debug }]),
    );
    const stack = imageStack(project, {}, { config: imagesConfig(Object.fromEntries(images)) });
    try {
      for (const kind of ["preview", "up"] as const) {
        const more = { program: ALL_ERRORS, continueOnError: kind === "up" };
        const result = await stack.start(kind, {}, more).result;
        assert.equal(result.succeeded, false, result.text);
        for (const { debug, end, repository } of kinds) {
          const spec = `${repository}:${project.head().slice(0, 7)}${end}`;
          // Which of them comes first is left to chance.
          const names = [`app${end}`, `worker${end}`] as const;
          const [other, second] = errorsOn(result, names[0]).length > 0 ? [names[1], names[0]] : names;
          assert.deepEqual(errorsOn(result, second), [
            `${spec} is already the tag of another image in this program, ${other}. Give each ` +
              "image its own repository, or declare it once and use it in both places. [InvalidArgument]",
          ]);
          assert.deepEqual(errorsOn(result, other), []);
          assert.equal(`${second}-${debug ? "debug" : "image"}` in changes(result), false, result.text);
        }
      }
      for (const { repository } of kinds) {
        assert.equal(registry.pushesTo(repository), 1, "of the first alone");
      }
    } finally {
      stack.forget();
      project.dispose();
    }
  });
});
