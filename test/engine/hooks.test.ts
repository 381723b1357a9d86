import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation";
import * as library from "../../components";
import { imageProject } from "../support/project";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import { updateInline } from "../support/updateInline";

const SHARED = "urn:pulumi:test::hooks::pulumi:pulumi:Stack::hooks-test:versioned-image";

/** The engine is told of each hook by a request, which adds up in a program of many images. */
describe("the hooks of a program", () => {
  let project: Repo;
  let state: string;
  let stack: Stack;
  /** The copies of the library that make the two images. */
  let copies: [typeof library, typeof library];
  let told: string[];

  before(async () => {
    project = imageProject();
    state = mkdtempSync(path.join(tmpdir(), "state-"));
    const repositories = [registry.repository("one"), registry.repository("two")];
    const program = async () => {
      told = listenToHooks();
      const images = copies.map(
        ({ VersionedImage }, index) =>
          new VersionedImage(`app-${index}`, { context: project.path("app"), repository: repositories[index] ?? "" }),
      );
      return { references: images.map(({ reference }) => reference) };
    };
    stack = await LocalWorkspace.createStack(
      { stackName: "test", projectName: "hooks", program },
      { envVars: { PULUMI_BACKEND_URL: `file://${state}`, PULUMI_CONFIG_PASSPHRASE: "test" } },
    );
  });

  after(() => {
    rmSync(state, { recursive: true });
    project.dispose();
  });

  it("are in a preview none but those that are run in it", async () => {
    copies = [library, library];
    await stack.preview();
    assert.deepEqual(told, [`${SHARED}:before-in-preview`]);
  });

  it("are those of each copy where the program has two of this package, and publish the images of both", async () => {
    copies = [library, secondCopy()];
    const { changes, outputs } = await updateInline(stack);
    assert.deepEqual(changes, { create: 7 });
    assert.equal(new Set(told).size, 8, told.join("\n"));
    const references = outputs.references as string[];
    assert.equal(references.length, 2);
    for (const reference of references) {
      const [spec = "", digest] = reference.split("@");
      assert.equal(await registry.digest(spec), digest);
    }
  });

  it("are shared by its images", async () => {
    copies = [library, library];
    assert.deepEqual((await updateInline(stack)).changes, { same: 7 });
    assert.deepEqual(
      told.sort(),
      ["after", "before", "before-in-preview", "failed"].map((when) => `${SHARED}:${when}`),
    );
  });
});

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
