import * as assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { LocalWorkspace } from "@pulumi/pulumi/automation";
import { hostMissing } from "../support/languageHost";
import { LONG } from "../support/long";
import { liveADay, liveAMonth, Monorepo, PROGRAM } from "../support/monorepo";
import { ALL_ERRORS, errorsOn } from "../support/project";
import { registry } from "../support/registry";
import type { Result } from "../support/stack";

const ROOT = path.resolve(__dirname, "../..");

describe("images built on images", () => {
  let monorepo: Monorepo;

  beforeEach(() => {
    monorepo = new Monorepo({}, {});
  });

  afterEach(() => monorepo.dispose());

  it("follow their bases through what happens in a monorepo", async function () {
    this.timeout(900_000);
    await (LONG ? liveAMonth : liveADay)(monorepo);
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

    it("end so in an inline program, too, however long the chain is", async () => {
      const stack = monorepo.stack("dev");
      const lacking = monorepo.config({ base: { publish: false } });
      for (const result of [await stack.preview(lacking), await stack.up(lacking)]) {
        refused(result, { base: /is not in the registry, and publish is false\. .* \[NotPublished\]$/ });
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
          [{ publish: false }, / error: .* is not in the registry, and publish is false\. .* \[NotPublished\]\n/],
          [{ tagLength: 3 }, / error: tagLength is 3\. .* \[InvalidArgument\]\n/],
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
      const all = JSON.parse(monorepo.config().images ?? "");
      /** The images, and more of the worker's directory, each in a repository of its own. */
      const previewWith = (workers: Record<string, object>) => {
        const more = Object.entries(workers).map(([name, args]) => {
          return [name, { ...all.worker, repository: registry.repository(name), ...args }];
        });
        const config = { images: JSON.stringify({ ...all, ...Object.fromEntries(more) }) };
        return stack.start("preview", config, { program: ALL_ERRORS }).result;
      };
      const on = (given: object) => ({ on: {}, build: { bases: { BASE: { ...base, ...given } } } });

      monorepo.change("worker");
      refused(
        await previewWith({
          platform: { build: { platform: "linux/arm64" } },
          tagged: on({ reference: base.reference.replace(/@.*/, "") }),
          elsewhere: on({ covers: ["images/else"] }),
          "base-on-disk": { context: "images/base", on: {}, debug: true },
          production: { on: { BASE: "base-on-disk" } },
          together: { repository: monorepo.repositories.base },
        }),
        {
          platform: /which has no image for linux\/arm64: .* \[BaseMismatch\]$/,
          tagged: /has no digest, .* \[BaseMismatch\]$/,
          elsewhere: /^build\.bases\.BASE covers images\/else, which is not in git's history .* \[InvalidArgument\]$/,
          production: /^build\.bases\.BASE: it is the debug image [0-9a-f]{7}-debug, .* \[InvalidArgument\]$/,
          together: /^build\.bases\.BASE is .*, but this image is also published to .* \[InvalidArgument\]$/,
        },
      );
      monorepo.change("base");
      refused(await previewWith({ earlier: { revision: "HEAD~1" }, before: on({}) }), {
        earlier:
          /^build\.bases\.BASE was built from other files .* Give both the same revision, or neither\. .* \[BaseMismatch\]$/,
        before: /^build\.bases\.BASE is .* \[BaseMismatch\]$/,
      });
      assert.equal(registry.pushesTo(monorepo.repositories.worker), 1);
    });
  });
});
