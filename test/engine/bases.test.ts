import * as assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { LocalWorkspace } from "@pulumi/pulumi/automation";
import { hostMissing } from "../support/languageHost";
import { LONG } from "../support/long";
import { type Lived, liveADay, liveAMonth, Monorepo, PROGRAM } from "../support/monorepo";
import { ALL_ERRORS, errorsOn } from "../support/project";
import { registry } from "../support/registry";
import type { Result } from "../support/stack";

const ROOT = path.resolve(__dirname, "../..");

describe("images built on images", () => {
  let monorepo: Monorepo;
  let lived: Lived;

  before(() => {
    monorepo = new Monorepo({}, {});
  });

  after(() => monorepo.dispose());

  it("follow their bases through what happens in a monorepo", async function () {
    this.timeout(900_000);
    lived = await (LONG ? liveAMonth : liveADay)(monorepo);
  });

  describe("of which one can't be", () => {
    /** Each of these images has an error, and no other has anything to complain of. */
    function refused(result: Result, messages: Record<string, RegExp>): void {
      assert.equal(result.succeeded, false, result.text);
      for (const [image, message] of Object.entries(messages)) {
        const [error = "", ...more] = errorsOn(result, image);
        assert.deepEqual(more, []);
        assert.match(error, message);
      }
      const others = result.diagnostics.filter(
        ({ severity, urn }) =>
          !severity.startsWith("info") &&
          /:VersionedImage::/.test(urn) &&
          !Object.hasOwn(messages, urn.slice(urn.lastIndexOf("::") + 2)),
      );
      assert.deepEqual(others, []);
    }

    it("are refused on what is not this commit's base", async () => {
      const { base } = lived.images;
      const all = JSON.parse(monorepo.config().images ?? "");
      const on = (given: object) => ({ on: {}, build: { bases: { BASE: { ...base, ...given } } } });
      /** More of the worker's directory, each in a repository of its own. */
      const workers: Record<string, object> = {
        platform: { build: { platform: "linux/arm64" } },
        tagged: on({ reference: base.reference.replace(/@.*/, "") }),
        elsewhere: on({ covers: ["images/else"] }),
        "base-on-disk": { context: "images/base", on: {}, debug: true },
        production: { on: { BASE: "base-on-disk" } },
        together: { repository: monorepo.repositories.base },
        "base-to-come": { context: "images/base", on: {} },
        earlier: { on: { BASE: "base-to-come" }, revision: "HEAD~2" },
        before: on(lived.before.base),
      };
      const more = Object.entries(workers).map(([name, args]) => {
        return [name, { ...all.worker, repository: registry.repository(name), ...args }];
      });
      const images = JSON.stringify({ ...all, ...Object.fromEntries(more) });

      monorepo.change("worker");
      refused(await lived.stack.start("preview", { images }, { program: ALL_ERRORS }).result, {
        platform: /which has no image for linux\/arm64: .* \[BaseMismatch\]$/,
        tagged: /has no digest, .* \[BaseMismatch\]$/,
        elsewhere: /^build\.bases\.BASE covers images\/else, which is not in git's history .* \[InvalidArgument\]$/,
        production: /^build\.bases\.BASE: it is the debug image [0-9a-f]{7}-debug, .* \[InvalidArgument\]$/,
        together: /^build\.bases\.BASE is .*, but this image is also published to .* \[InvalidArgument\]$/,
        earlier:
          /^build\.bases\.BASE was built from other files .* Give both the same revision, or neither\. .* \[BaseMismatch\]$/,
        before: /^build\.bases\.BASE is .* \[BaseMismatch\]$/,
      });
      assert.deepEqual(monorepo.builds(), {});
    });

    it("end so in an inline program, too, however long the chain is", async () => {
      const lacking = monorepo.change("base").config({ base: { publish: false } });
      for (const result of [await lived.stack.preview(lacking), await lived.stack.up(lacking)]) {
        refused(result, { base: /is not in the registry, and publish is false\. .* \[NotPublished\]$/ });
      }
      assert.deepEqual(monorepo.builds(), {});
    });

    it("end with the error of that one, said once", async function () {
      this.timeout(600_000);
      // Inline, through the Automation API, the SDK has left the program before the last image knows of it.
      const obstacle = hostMissing("nodejs");
      if (obstacle !== undefined) {
        console.log(`      left out: ${obstacle}`);
        this.skip();
      }
      const unpublished = new Monorepo({}, {});
      const { project } = unpublished;
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
          [{ publish: false }, / error: .* is not in the registry, and publish is false\. .* \[NotPublished\]\n/],
          [{ tagLength: 3 }, / error: tagLength is 3\. .* \[InvalidArgument\]\n/],
        ] as const) {
          await stack.setAllConfig({ images: { value: unpublished.config({ base: args }).images ?? "" } });
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
        assert.deepEqual(unpublished.builds(), {});
      } finally {
        rmSync(state, { recursive: true });
        unpublished.dispose();
      }
    });

    it("built show how to see why, on the same base", async () => {
      const { project, repositories } = monorepo;
      const base = `${repositories.base}:${project.head().slice(0, 7)}`;
      project.write("images/worker/Dockerfile", "ARG BASE\nFROM $BASE\nCOPY nothing /\n").add().commit("Break");
      const result = await lived.stack.up();
      assert.equal(result.succeeded, false, result.text);
      assert.match(
        errorsOn(result, "worker")[0] ?? "",
        /failed at line 3 of Dockerfile: COPY nothing \/\n`docker build --build-arg BASE=(\S+)@sha256:[0-9a-f]{64} images\/worker` shows its output\.$/,
      );
      assert.equal(/BASE=(\S+)@/.exec(errorsOn(result, "worker")[0] ?? "")?.[1], base);
      assert.equal(monorepo.builds().worker, undefined);
    });
  });
});
