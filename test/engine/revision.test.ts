import * as assert from "node:assert/strict";
import {
  changes,
  errorsOn,
  imageConfig,
  imageProject,
  imageStack,
  infoOn,
  succeeded,
  warningsOn,
} from "../support/project";
import { registry } from "../support/registry";

/** The versions on the way: of the first commit, and of the second. */
describe("an image that stays at an older version", () => {
  const DOCKERFILE = "FROM scratch\nARG MODE\nCOPY main /main\n";

  it("goes back to what the registry has, and on again", async () => {
    const project = imageProject({ Dockerfile: DOCKERFILE });
    const first = project.head();
    project.git("tag", "v1");
    const repository = registry.repository("revision");
    const stack = imageStack(project, { repository });
    try {
      const one = succeeded(await stack.up());
      project.write("app/main", "two\n").add().commit("Two");
      const two = succeeded(await stack.up());
      const pushes = registry.pushesTo(repository);
      // What is on disk plays no part.
      project.write("app/main", "not committed\n");
      const back = imageConfig({ repository, revision: "v1" });
      for (const result of [await stack.preview(back), await stack.up(back)]) {
        const said = infoOn(result, "app").join("\n");
        assert.match(
          said,
          new RegExp(
            `${one.tag}: a step back from ${two.tag}, without 1 commit of it:\n  ${two.tag} Two \\(Ada\\)\n` +
              `.*${one.tag} \\(commit ${one.tag} "Begin", .* ago, as of revision ${one.tag}\\): `,
          ),
        );
        assert.deepEqual(warningsOn(result, "app"), []);
      }
      const again = await stack.up(back);
      assert.deepEqual(changes(again), {});
      const { reference, commit } = succeeded(again);
      assert.deepEqual([reference, commit], [one.reference, first]);
      project.git("checkout", "-q", "app/main");
      assert.equal(succeeded(await stack.up(imageConfig({ repository }))).reference, two.reference);
      assert.equal(registry.pushesTo(repository), pushes);
    } finally {
      stack.forget();
      project.dispose();
    }
  });

  it("is taken as it was built, with a warning where the program builds in another way now", async () => {
    const project = imageProject({ Dockerfile: DOCKERFILE });
    project.git("tag", "v1");
    const repository = registry.repository("revision");
    const stack = imageStack(project, { repository });
    try {
      const one = succeeded(await stack.up());
      project.write("app/main", "two\n").add().commit("Two");
      const build = { args: { MODE: "new" } };
      succeeded(await stack.up(imageConfig({ repository, build })));
      const back = imageConfig({ repository, build, revision: "v1" });
      const warning =
        `${repository}:${one.tag} was built with platform=linux/amd64 dockerfile=Dockerfile; this program asks for platform=linux/amd64 ` +
        "dockerfile=Dockerfile args=";
      for (const result of [await stack.preview(back), await stack.up(back)]) {
        const warnings = warningsOn(result, "app");
        assert.equal(warnings.length, 1, result.text);
        assert.ok(warnings[0]?.startsWith(warning) && warnings[0].endsWith(". It is used as it is."), warnings[0]);
      }
      const again = await stack.up(back);
      assert.equal(succeeded(again).reference, one.reference);
      assert.deepEqual([changes(again), warningsOn(again, "app")], [{}, []]);
    } finally {
      stack.forget();
      project.dispose();
    }
  });

  it("is built from its commit where the registry lacks it", async () => {
    const project = imageProject({ Dockerfile: DOCKERFILE });
    const first = project.head();
    project.git("tag", "v1");
    project.write("app/main", "two\n").add().commit("Two");
    const repository = registry.repository("revision");
    const stack = imageStack(project, { repository, revision: "v1" });
    try {
      const one = succeeded(await stack.up());
      assert.deepEqual([one.commit, one.tag, one.outcome], [first, first.slice(0, 7), "published"]);
      const other = registry.repository("revision");
      const lacking = await stack.preview(
        imageConfig({ repository: other, revision: "v1", paths: ["lib", "Dockerfile"] }),
      );
      assert.deepEqual(errorsOn(lacking, "app"), [
        `Commit ${first}, which revision names, has no app/lib: the image can't be built of it as this program says. Name another ` +
          "revision, or leave revision out. [NotInRevision]",
      ]);
      const debug = await stack.preview(imageConfig({ repository, revision: "v1", debug: true }));
      assert.deepEqual(errorsOn(debug, "app"), [
        "debug is true, and revision names a commit: a debug image is what is on disk. Leave out one of them. [InvalidArgument]",
      ]);
    } finally {
      stack.forget();
      project.dispose();
    }
  });
});
