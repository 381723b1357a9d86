import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { LocalWorkspace, type OutputMap, type Stack } from "@pulumi/pulumi/automation";
import * as library from "../../components";
import { imageProject } from "../support/project";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";

const SHARED = "urn:pulumi:test::hooks::pulumi:pulumi:Stack::hooks-test:versioned-image";

/** The engine is told of each hook by a request, which adds up in a program of many images. */
describe("the hooks of a program", () => {
  let project: Repo;
  let state: string;
  let told: string[];

  beforeEach(() => {
    project = imageProject();
    state = mkdtempSync(path.join(tmpdir(), "state-"));
  });

  afterEach(() => {
    rmSync(state, { recursive: true });
    project.dispose();
  });

  /** A stack of two images, each made by a copy of the library. */
  function stackOf(one: typeof library, two: typeof library): Promise<Stack> {
    const repositories = [registry.repository("one"), registry.repository("two")];
    return LocalWorkspace.createStack(
      {
        stackName: "test",
        projectName: "hooks",
        program: async () => {
          told = listenToHooks();
          const images = [one, two].map(
            ({ VersionedImage }, index) =>
              new VersionedImage(`app-${index}`, {
                context: project.path("app"),
                repository: repositories[index] ?? "",
              }),
          );
          return { references: images.map(({ reference }) => reference) };
        },
      },
      { envVars: { PULUMI_BACKEND_URL: `file://${state}`, PULUMI_CONFIG_PASSPHRASE: "test" } },
    );
  }

  it("are shared by its images, and in a preview none but those that are run in it", async () => {
    const stack = await stackOf(library, library);
    const whens = ["after", "before", "before-in-preview", "failed"];

    await stack.preview();
    assert.deepEqual(told, [`${SHARED}:before-in-preview`]);
    const { outputs } = await stack.up();
    assert.deepEqual(
      told.sort(),
      whens.map((when) => `${SHARED}:${when}`),
    );
    await assertServed(outputs);

    await stack.preview();
    assert.deepEqual(told, [`${SHARED}:before-in-preview`]);
    const { summary } = await stack.up();
    assert.deepEqual(summary.resourceChanges, { same: 7 });
    assert.deepEqual(
      told.sort(),
      whens.map((when) => `${SHARED}:${when}`),
    );
  });

  it("are those of each copy where the program has two of this package, and publish the images of both", async () => {
    const stack = await stackOf(library, secondCopy());
    const { outputs } = await stack.up();
    assert.equal(new Set(told).size, 8, told.join("\n"));
    await assertServed(outputs);
    assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 7 });
  });
});

async function assertServed({ references }: OutputMap): Promise<void> {
  assert.equal(references?.value.length, 2);
  for (const reference of references?.value ?? []) {
    const [spec = "", digest] = reference.split("@");
    assert.equal(await registry.digest(spec), digest);
  }
}

/** The names of the hooks that the running program tells the engine of. */
function listenToHooks(): string[] {
  const names: string[] = [];
  const monitor = pulumi.runtime.getMonitor() as unknown as Record<
    string,
    (request: Named, ...more: unknown[]) => void
  >;
  for (const method of ["registerResourceHook", "registerErrorHook"]) {
    const tell = monitor[method]?.bind(monitor);
    assert.ok(tell, `the engine's client has no ${method}`);
    monitor[method] = (request, ...more) => {
      names.push(request.getName());
      tell(request, ...more);
    };
  }
  return names;
}

interface Named {
  getName(): string;
}

/** As where a dependency brings its own. */
function secondCopy(): typeof library {
  const folder = path.dirname(require.resolve("../../components"));
  const kept = Object.entries(require.cache).filter(([file]) => file.startsWith(folder + path.sep));
  for (const [file] of kept) {
    delete require.cache[file];
  }
  try {
    return require("../../components") as typeof library;
  } finally {
    for (const [file, loaded] of kept) {
      require.cache[file] = loaded;
    }
  }
}
