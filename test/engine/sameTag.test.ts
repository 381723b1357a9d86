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
    const both = (repositoryOf: (name: string, repository: string) => string) =>
      imagesConfig(
        Object.fromEntries(
          kinds.flatMap(({ debug, end, repository }) =>
            ["app", "worker"].map((context) => {
              const name = `${context}${end}`;
              return [name, { context, repository: repositoryOf(name, repository), debug }];
            }),
          ),
        ),
      );
    const stack = imageStack(project, {}, { config: both((_, repository) => repository) });
    try {
      const seconds = new Set<string>();
      for (const kind of ["preview", "up"] as const) {
        const result = await stack.start(kind, {}, { program: ALL_ERRORS }).result;
        assert.equal(result.succeeded, false, result.text);
        seconds.clear();
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
          seconds.add(second);
        }
      }
      for (const { repository } of kinds) {
        const before = registry.pushesTo(repository);
        assert.ok(before <= 1, `${before} pushes`);
      }
      const apart = both((name, repository) => (seconds.has(name) ? registry.repository("apart") : repository));
      const result = await stack.up(apart);
      assert.equal(result.succeeded, true, result.text);
      for (const { repository } of kinds) {
        assert.equal(registry.pushesTo(repository), 1);
      }
    } finally {
      stack.forget();
      project.dispose();
    }
  });
});
