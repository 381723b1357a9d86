import * as assert from "node:assert/strict";
import { createRegistryClient } from "../../components/registry";
import { kill } from "../support/kill";
import { converge } from "../support/killedUpdates";
import {
  changes,
  errorsOn,
  imageProject,
  imageStack,
  imagesConfig,
  infoOn,
  succeeded,
  warningsOn,
} from "../support/project";
import { registry } from "../support/registry";
import { type Asked, RegistryProxy } from "../support/registryProxy";
import type { Repo } from "../support/repo";
import { type Result, TestStack } from "../support/stack";

const NEEDS = require.resolve("./programs/needs.ts");

/** How long the registry's answer takes that the killed program does not hear, in milliseconds. */
const UNHEARD = 10_000;

const NOTHING = "urn:pulumi:production::versioned-image-example::pulumi:index:Stash::app-needs-nothing";

describe("a stack that copies what another one has published", () => {
  let project: Repo;
  let staging: string;
  let tag: string;
  let digest: string;

  before(async () => {
    project = imageProject();
    staging = registry.repository("staging");
    const publisher = imageStack(project, { repository: staging });
    ({ tag, digest } = succeeded(await publisher.up()));
    publisher.forget();
  });

  after(() => project?.dispose());

  it("has the same digest, builds nothing, and copies again what its repository has lost", async function () {
    this.timeout(600_000);
    const production = registry.repository("production");
    const configOf = (copyFrom: string) => {
      return imagesConfig({ app: { repository: production, publish: false, copyFrom } });
    };
    const stack = new TestStack("production", {
      workDir: project.directory,
      env: process.env,
      program: NEEDS,
      config: configOf(staging),
    });
    const said = (result: Result) => infoOn(result, "app").map((text) => text.replace(/^app: \w+ \(.*?\): /, ""));
    try {
      const spec = `${production}:${tag}`;
      const empty = registry.repository("empty");
      assert.deepEqual(errorsOn(await stack.preview(configOf(empty)), "app"), [
        `${spec} is not in the registry, nor is ${empty}:${tag} (copyFrom), and publish is false. First run the stack ` +
          "that publishes it at this commit, or leave publish out to build the image here. [NotPublished]",
      ]);
      const copied = { tag, spec, reference: `${spec}@${digest}`, digestReference: `${production}@${digest}`, digest };

      const preview = await stack.preview();
      assert.equal(preview.succeeded, true, preview.text);
      assert.deepEqual(said(preview), [`will be copied from ${staging}@${digest}`]);
      const needed = preview.steps.find(({ name }) => name === "app-needs-digest");
      assert.equal(needed?.inputs.input, digest);
      const leftOut = await stack.up({}, { target: [NOTHING] });
      assert.equal(leftOut.succeeded, true, leftOut.text);
      assert.deepEqual(await registry.tags(production), []);

      const first = await stack.up();
      assert.deepEqual(first.outputs.images, { app: { ...copied, outcome: "copied" } }, first.text);
      assert.match(said(first).at(-1) ?? "", new RegExp(`^copied from ${staging} in .*: ${spec}@${digest}$`));
      assert.equal(changes(first)["app-image"], undefined);
      assert.equal(await registry.digest(spec), digest);
      assert.equal(registry.pushes(spec), 1);

      const asked = registry.requestsTo(staging).length;
      const second = await stack.up();
      assert.deepEqual(second.outputs.images, { app: { ...copied, outcome: "copied" } }, second.text);
      assert.deepEqual(changes(second), {});
      assert.deepEqual(said(second), [`unchanged: ${production}@${digest}`]);
      assert.equal(registry.requestsTo(staging).length, asked);

      assert.equal(await createRegistryClient().delete(production, digest), "deleted");
      const again = await stack.up({}, { target: [NOTHING] });
      assert.deepEqual(again.outputs.images, { app: { ...copied, outcome: "copied" } }, again.text);
      assert.deepEqual(await registry.tags(production), []);
      const mended = await stack.up();
      assert.deepEqual(mended.outputs.images, { app: { ...copied, outcome: "copied" } }, mended.text);
      assert.deepEqual(changes(mended), { "app-record": "update" });
      // On a machine that is busy, what the last step says of its own slowness comes after that.
      assert.equal(
        warningsOn(mended, "app")[0],
        `${spec} was lost from the registry (${digest}): copied again from ${staging}. Check that the registry's clean-up keeps images that are in use.`,
      );
      assert.equal(await registry.digest(spec), digest);
    } finally {
      stack.forget();
    }
  });

  it("goes on in the next update where it is killed when the registry has a blob of one image, and a manifest of another", async () => {
    const behind = { blob: registry.repository("blob"), manifest: registry.repository("manifest") };
    const requests = ["blob", "manifest"] as const;
    let isKilled = false;
    const pathOf = (request: "blob" | "manifest") => behind[request].slice(registry.host.length + 1);
    const isHeld = ({ kind, url }: Asked) =>
      requests.some((request) => request === kind && url.startsWith(`/v2/${pathOf(request)}/`));
    const proxy = await RegistryProxy.start({
      moods: [(asked) => (isHeld(asked) && !isKilled ? { after: UNHEARD } : undefined)],
    });
    const copies = requests.map((request) => {
      const repository = behind[request].replace(registry.host, proxy.host);
      return [request, { context: "app", repository, publish: false, copyFrom: staging }];
    });
    const config = imagesConfig(Object.fromEntries(copies));
    const stack = imageStack(project, {}, { name: "production", config });
    try {
      const running = stack.start("up");
      const ended = running.result.then(({ text }) => assert.fail(`it ended before it could be killed: ${text}`));
      const done = Promise.all(requests.map((request) => proxy.done(request, pathOf(request))));
      await Promise.race([done, ended]);
      assert.equal(kill(running, "program"), true);
      isKilled = true;
      await running.result;
      for (const request of requests) {
        assert.deepEqual(await registry.tags(behind[request]), []);
      }
      const { images } = await converge(stack);
      for (const request of requests) {
        assert.deepEqual([images[request]?.outcome, images[request]?.digest], ["copied", digest]);
      }
    } finally {
      stack.forget();
      await proxy.stop();
    }
  });
});
