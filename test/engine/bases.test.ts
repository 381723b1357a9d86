import * as assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { LocalWorkspace } from "@pulumi/pulumi/automation";
import { hostMissing } from "../support/languageHost";
import { liveAMonth, Monorepo, PROGRAM } from "../support/monorepo";
import { errorsOn } from "../support/project";
import { registry } from "../support/registry";
import type { Result } from "../support/stack";

const ROOT = path.resolve(__dirname, "../..");

describe("images built on images", () => {
  let monorepo: Monorepo;

  beforeEach(() => {
    monorepo = new Monorepo({}, {});
  });

  afterEach(() => monorepo.dispose());

  it("follow their bases for a month of a monorepo", async function () {
    this.timeout(900_000);
    await liveAMonth(monorepo);
  });

  describe("of which one can't be", () => {
    /** One image has an error, and no other has anything to complain of. */
    function refused(result: Result, image: string, message: RegExp): void {
      assert.equal(result.succeeded, false, result.text);
      const [error = "", ...more] = errorsOn(result, image);
      assert.deepEqual(more, []);
      assert.match(error, message);
      const others = result.diagnostics.filter(
        ({ severity, urn }) =>
          !severity.startsWith("info") && /:VersionedImage::/.test(urn) && !urn.endsWith(`::${image}`),
      );
      assert.deepEqual(others, []);
    }

    it("end so in an inline program, too, however long the chain is", async () => {
      const stack = monorepo.stack("dev");
      const lacking = monorepo.config({ base: { publish: false } });
      for (const result of [await stack.preview(lacking), await stack.up(lacking)]) {
        refused(result, "base", /is not in the registry, and publish is false: .* \[NotPublished\]$/);
      }
    });

    it("end with the error of that one, said once", async function () {
      this.timeout(600_000);
      // Inline, through the Automation API, the SDK has left the program before the last image knows of it.
      const obstacle = hostMissing("nodejs");
      if (obstacle !== undefined) {
        console.log(`      left out: ${obstacle}`);
        this.skip();
      }
      const { project } = monorepo;
      for (const name of ["components", "node_modules", "package.json", "tsconfig.json"]) {
        symlinkSync(path.join(ROOT, name), project.path(name));
      }
      project.write("index.ts", readFileSync(PROGRAM, "utf8").replace("../../../components", "./components"));
      const state = mkdtempSync(path.join(tmpdir(), "state-"));
      const stack = await LocalWorkspace.createStack(
        { stackName: "dev", workDir: project.directory },
        { envVars: { PULUMI_BACKEND_URL: `file://${state}`, PULUMI_CONFIG_PASSPHRASE: "test" } },
      );
      try {
        for (const [args, words] of [
          [{ publish: false }, / error: .* is not in the registry, and publish is false: .* \[NotPublished\]\n/],
          [{ tagLength: 3 }, / error: tagLength is 3: .* \[InvalidArgument\]\n/],
        ] as const) {
          await stack.setAllConfig({ images: { value: monorepo.config({ base: args }).images ?? "" } });
          for (const operation of ["preview", "up"] as const) {
            let text = "";
            const onOutput = (more: string) => {
              text += more;
            };
            await assert.rejects(stack[operation]({ color: "never", onOutput }));
            const diagnostics = text.slice(text.indexOf("Diagnostics:"));
            assert.match(diagnostics, words);
            assert.equal(diagnostics.match(/error:/g)?.length, 1, diagnostics);
          }
        }
        assert.deepEqual(monorepo.builds(), {});
      } finally {
        rmSync(state, { recursive: true });
      }
    });

    it("built show how to see why, on the same base", async () => {
      monorepo.project
        .write("images/worker/Dockerfile", "ARG BASE\nFROM $BASE\nCOPY nothing /\n")
        .add()
        .commit("Break");
      const result = await monorepo.stack("dev").up();
      assert.equal(result.succeeded, false, result.text);
      const base = `${monorepo.repositories.base}:${monorepo.project.git("log", "-1", "--format=%h", "--abbrev=7", "HEAD~1")}`;
      assert.match(
        errorsOn(result, "worker")[0] ?? "",
        /failed at line 3 of Dockerfile: COPY nothing \/\n`docker build --build-arg BASE=(\S+)@sha256:[0-9a-f]{64} images\/worker` shows its output\.$/,
      );
      assert.equal(/BASE=(\S+)@/.exec(errorsOn(result, "worker")[0] ?? "")?.[1], base);
      assert.equal(registry.pushesTo(monorepo.repositories.worker), 0);
    });

    it("are refused on what is not this commit's base", async () => {
      const stack = monorepo.stack("dev");
      const first = await stack.up();
      assert.equal(first.succeeded, true, first.text);
      const { base } = first.outputs.images as Record<string, { reference: string; tag: string; covers: string[] }>;
      assert.ok(base);
      monorepo.change("worker");
      refused(
        await stack.preview(monorepo.config({ worker: { build: { platform: "linux/arm64" } } })),
        "worker",
        /which is not there for linux\/arm64: .* \[BaseMismatch\]$/,
      );
      monorepo.change("base");
      refused(
        await stack.preview(monorepo.config({ worker: { revision: "HEAD~1" } })),
        "worker",
        /^build\.bases\.BASE is an image of other files .*: give both the same revision, or neither\. .* \[BaseMismatch\]$/,
      );
      const of = (given: object) =>
        monorepo.config({ worker: { on: {}, build: { bases: { BASE: { ...base, ...given } } } } });
      refused(await stack.preview(of({})), "worker", /^build\.bases\.BASE is .* \[BaseMismatch\]$/);
      refused(
        await stack.preview(of({ reference: base.reference.replace(/@.*/, "") })),
        "worker",
        /has no digest, .* \[BaseMismatch\]$/,
      );
      refused(
        await stack.preview(of({ covers: ["images/else"] })),
        "worker",
        /^build\.bases\.BASE covers images\/else, which is not in git's history .* \[InvalidArgument\]$/,
      );
      refused(
        await stack.preview(monorepo.config({ base: { debug: true }, runtime: { debug: true }, api: { debug: true } })),
        "worker",
        /^build\.bases\.BASE: it is the debug image [0-9a-f]{7}-debug, .* \[InvalidArgument\]$/,
      );
      refused(
        await stack.preview(monorepo.config({ worker: { repository: monorepo.repositories.base } })),
        "worker",
        /^build\.bases\.BASE is .*, and this image itself is published to .* \[InvalidArgument\]$/,
      );
      assert.equal(registry.pushesTo(monorepo.repositories.worker), 1);
    });
  });
});
