import * as assert from "node:assert/strict";
import {
  ALL_ERRORS,
  changes,
  errorsOn,
  type Image,
  imageStack,
  imagesConfig,
  imagesOf,
  imagesProject,
  infoOn,
  warningsOn,
} from "../support/project";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import type { Result, TestStack } from "../support/stack";

/** The versions on the way: of the first commit, and of the second. */
describe("an image that stays at an older version", () => {
  type Name = "app" | "built" | "lacking";
  const build = { args: { MODE: "new" } };
  let project: Repo;
  let stack: TestStack;
  let first: string;
  let repositories: Record<Name, string>;
  let one: Record<Name, Image>;
  let two: Record<Name, Image>;
  /** The images beside `app`, back at the first commit. */
  let staying: Record<string, object>;
  /** The preview and the update of the way back. */
  let results: Result[];
  let pushes: number[];

  before(async function () {
    this.timeout(300_000);
    const files = { Dockerfile: "FROM scratch\nARG MODE\nCOPY main /main\n" };
    project = imagesProject({ app: files, built: files, lacking: files });
    first = project.head();
    project.git("tag", "v1");
    repositories = {
      app: registry.repository("app"),
      built: registry.repository("built"),
      lacking: registry.repository("lacking"),
    };
    const of = (name: Name, more: object = {}) => ({ repository: repositories[name], ...more });
    stack = imageStack(project, {}, { config: imagesConfig({ app: of("app"), built: of("built") }) });
    one = imagesOf(await stack.up());
    for (const name of ["app", "built", "lacking"]) {
      project.write(`${name}/main`, "two\n");
    }
    project.add().commit("Two");
    const lacking = of("lacking", { revision: "v1" });
    staying = { built: of("built", { build, revision: "v1" }), lacking };
    two = imagesOf(await stack.up(imagesConfig({ app: of("app"), built: of("built", { build }), lacking })));
    pushes = Object.values(repositories).map((repository) => registry.pushesTo(repository));
    // What is on disk plays no part.
    project.write("app/main", "not committed\n");
    const back = imagesConfig({ app: of("app", { revision: "v1" }), ...staying });
    results = [await stack.preview(back), await stack.up(back)];
  });

  after(() => {
    stack?.forget();
    project?.dispose();
  });

  it("goes back to what the registry has", () => {
    for (const result of results) {
      const said = infoOn(result, "app").join("\n");
      assert.match(
        said,
        new RegExp(
          `${one.app.tag}: a step back from ${two.app.tag}, without 1 commit of it:\n  ${two.app.tag} Two \\(Ada\\)\n` +
            `.*${one.app.tag} \\(commit ${one.app.tag} "Begin", .* ago, as of revision ${one.app.tag}\\): `,
        ),
      );
      assert.deepEqual(warningsOn(result, "app"), []);
    }
  });

  it("is taken as it was built, with a warning where the program builds in another way now", () => {
    const warning =
      `${repositories.built}:${one.built.tag} was built with platform=linux/amd64 dockerfile=Dockerfile; this build has ` +
      "platform=linux/amd64 dockerfile=Dockerfile args=";
    for (const result of results) {
      const warnings = warningsOn(result, "built");
      assert.equal(warnings.length, 1, result.text);
      assert.ok(warnings[0]?.startsWith(warning) && warnings[0].endsWith(". It is used as it is."), warnings[0]);
    }
  });

  it("is built from its commit where the registry lacks it", () => {
    const { commit, tag, outcome } = two.lacking;
    assert.deepEqual([commit, tag, outcome], [first, first.slice(0, 7), "published"]);
  });

  it("stays there, and goes on again", async () => {
    project.git("checkout", "-q", "app/main");
    const result = await stack.up(imagesConfig({ app: { repository: repositories.app }, ...staying }));
    const others = Object.keys(changes(result)).filter((name) => !name.startsWith("app-"));
    assert.deepEqual(others, []);
    assert.deepEqual(warningsOn(result, "built"), []);
    const { app, built, lacking } = imagesOf<Name>(result);
    assert.equal(app.reference, two.app.reference);
    assert.deepEqual([built.reference, built.commit], [one.built.reference, first]);
    assert.equal(lacking.reference, two.lacking.reference);
    assert.deepEqual(
      Object.values(repositories).map((repository) => registry.pushesTo(repository)),
      pushes,
    );
  });

  it("is refused in a preview where its commit lacks a path, and in debug", async () => {
    const config = imagesConfig({
      app: { repository: registry.repository("revision"), revision: "v1", paths: ["lib", "Dockerfile"] },
      built: { repository: repositories.built, revision: "v1", debug: true },
    });
    const refused = await stack.start("preview", config, { program: ALL_ERRORS }).result;
    assert.deepEqual(errorsOn(refused, "app"), [
      `Commit ${first}, set as revision, has no app/lib, so the image can't be built from it. Name another ` +
        "revision, or leave revision out. [NotInRevision]",
    ]);
    assert.deepEqual(errorsOn(refused, "built"), [
      "debug and revision can't be set together: a debug image is built from the disk. Leave out one of them. [InvalidArgument]",
    ]);
  });
});
