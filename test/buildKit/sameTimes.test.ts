import * as assert from "node:assert/strict";
import { utimesSync } from "node:fs";
import { contentOf, farmStack, farms } from "../support/buildKit";
import { type Image, imageStack, imagesConfig, imagesOf, imagesProject } from "../support/project";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import { cli, cliJson } from "../unit/cli/setup";

const NAMES = ["a", "b", "c", "d"];

/**
 * BuildKit takes what it was sent before under a context's name for what it is sent now, if path, size and time are the same: files of one commit
 * have one time.
 */
describe("images whose files differ in nothing but their bytes", () => {
  let source: Repo;
  let home: string;
  const disposables: (() => void)[] = [];

  beforeEach(() => {
    home = process.cwd();
    source = imagesProject({
      ...Object.fromEntries(
        NAMES.map((name) => [
          name,
          {
            Dockerfile: `FROM scratch\nCOPY main /main-${name}\nCOPY --from=lib code /code\n`,
            main: `main of ${name}\n`,
            "lib/code": `code of ${name}\n`,
          },
        ]),
      ),
    });
    disposables.push(() => source.dispose());
  });

  afterEach(() => {
    process.chdir(home);
    for (const dispose of disposables.splice(0)) {
      dispose();
    }
  });

  async function assertOwn(images: Record<string, Pick<Image, "digest"> & { repository: string }>): Promise<void> {
    const found: Record<string, unknown> = {};
    for (const [name, { repository, digest }] of Object.entries(images)) {
      const content = (await contentOf(repository, digest)).toString("latin1");
      found[name] = ["main of", "code of", "main-"].map((words) => content.match(RegExp(`${words} ?(\\w)`))?.[1]);
    }
    assert.deepEqual(found, Object.fromEntries(Object.keys(images).map((name) => [name, [name, name, name]])));
  }

  function withRepositories(images: Record<string, Image>, places: Record<string, string>) {
    return Object.fromEntries(
      NAMES.map((name) => [name, { repository: places[name] ?? "", digest: images[name]?.digest ?? "" }]),
    );
  }

  const repositories = () => Object.fromEntries(NAMES.map((name) => [name, registry.repository(name)]));

  it("have their own in a stack, and debug images what is on disk now", async () => {
    const places = repositories();
    const config = (more: object = {}) =>
      imagesConfig(
        Object.fromEntries(
          NAMES.map((name) => {
            const build = { builder: "BuildKit", builderName: "farm", contexts: { lib: `${name}/lib` } };
            return [name, { repository: places[name], build, ...more }];
          }),
        ),
      );
    const stack = farmStack(source, {});
    disposables.push(() => stack.forget());
    await assertOwn(withRepositories(imagesOf(await stack.up(config())), places));

    const edit = async (text: string) => {
      for (const name of NAMES) {
        source.write(`${name}/main`, `${text} of ${name}\n`);
        utimesSync(source.path(`${name}/main`), 1e9, 1e9);
      }
      const images = withRepositories(imagesOf(await stack.up(config({ debug: true }))), places);
      for (const [name, { repository, digest }] of Object.entries(images)) {
        const content = (await contentOf(repository, digest)).toString("latin1");
        assert.deepEqual(content.match(/\w+ of \w/g), [`${text} of ${name}`, `code of ${name}`]);
      }
    };
    await edit("MAIN");
    await edit("Main");
  });

  it("have their own by the command line, which proves them by a rebuild", async () => {
    const places = repositories();
    process.chdir(source.directory);
    const env = { ...process.env, DOCKER_HOST: "unix:///nonexistent.sock", DOCKER_CONFIG: farms.other };
    const images: Record<string, { repository: string; digest: string }> = {};
    for (const name of NAMES) {
      const argv = [
        name,
        "--repository",
        places[name] ?? "",
        "--build-context",
        `lib=${name}/lib`,
        "--builder",
        "farm",
      ];
      const { out, err } = await cli(["publish", ...argv, "--json"], { env });
      images[name] = JSON.parse(out).images[0] ?? assert.fail(err);
    }
    await assertOwn(images);
    for (const name of NAMES) {
      const argv = [`${places[name]}@${images[name]?.digest}`, "--rebuild", "--builder", "farm"];
      argv.push("--build-context", `lib=${name}/lib`);
      const { json } = await cliJson(["verify", ...argv], { env: { ...env, DOCKER_CONFIG: farms.one } });
      const content = json.checks?.find((check: { name: string }) => check.name === "content");
      assert.equal(content?.result, "proven", JSON.stringify(json));
    }
  });

  it("have their own with Docker, whose builds are BuildKit's, too", async () => {
    for (const name of NAMES) {
      source.write(`${name}/Dockerfile`, `FROM scratch\nCOPY main /main-${name}\nCOPY lib/code /code\n`);
    }
    source.add().commit("Without a named context");
    const repository = registry.repository("{name}");
    process.chdir(source.directory);
    // By buildx and the daemon's own builder.
    const env = { ...process.env, DOCKER_CONFIG: farms.one, BUILDX_BUILDER: "default", DOCKER_BUILDKIT: "1" };
    const { out, err } = await cli(["publish", ...NAMES, "--repository", repository, "--jobs", "1", "--json"], { env });
    const images = Object.fromEntries(
      JSON.parse(out).images.map((image: { name: string; repository: string; digest: string }) => [image.name, image]),
    );
    assert.deepEqual(Object.keys(images), NAMES, err);
    await assertOwn(images);

    const places = repositories();
    const config = imagesConfig(Object.fromEntries(NAMES.map((name) => [name, { repository: places[name] }])));
    const stack = imageStack(source, {}, { config });
    disposables.push(() => stack.forget());
    const published = imagesOf(await stack.up());
    await assertOwn(withRepositories(published, places));
  });
});
