import * as assert from "node:assert/strict";
import * as path from "node:path";
import { canCertify } from "../support/authority";
import { GoogleRegistry } from "../support/googleRegistry";
import { GoogleTokens } from "../support/googleTokens";
import { hasContainerdStore } from "../support/ownDaemon";
import { changes, imageProject } from "../support/project";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import { type Result, TestStack } from "../support/stack";

const PROGRAM = path.join(__dirname, "programs/google.ts");

/** Whoever runs a stack, with the access token that Google gives out next. */
describe("gcr.io, played by a registry of our own, with gcpRegistryAuth", () => {
  let google: GoogleRegistry;
  let tokens: GoogleTokens;
  let project: string;
  let source: Repo;
  const stacks: TestStack[] = [];
  const results: Result[] = [];
  let first: TestStack;
  let published: Result;

  before(async function () {
    if (!canCertify()) {
      console.log("      left out: there is no openssl to make a certificate with");
      this.skip();
    }
    if (await hasContainerdStore()) {
      console.log("      left out: with containerd's image store, Docker trusts no token service of loopback");
      this.skip();
    }
    google = await GoogleRegistry.start(registry.host);
    tokens = await GoogleTokens.start();
    project = registry.repository("project").slice(registry.host.length + 1);
    source = imageProject();
    for (const right of ["read", "write", "create"] as const) {
      google.rights.set(`canary-${right}-1`, right);
      google.rights.set(`canary-${right}-2`, right);
    }
    first = stackNamed("first");
  });

  after(async () => {
    for (const stack of stacks) {
      stack.forget();
    }
    source?.dispose();
    await tokens?.stop();
    await google?.stop();
  });

  function stackNamed(name: string): TestStack {
    const stack = new TestStack(name, {
      workDir: source.directory,
      env: { ...process.env, ...google.trust, GOOGLE_APPLICATION_CREDENTIALS: tokens.configuration },
      program: PROGRAM,
      config: { repository: `${google.host}/${project}/app` },
    });
    stacks.push(stack);
    return stack;
  }

  async function runAs(token: string, kind: "preview" | "up", stack: TestStack): Promise<Result> {
    tokens.give(token);
    const result = await stack[kind]();
    results.push(result);
    return result;
  }

  const outcomeOf = ({ succeeded, text, outputs }: Result) => {
    assert.equal(succeeded, true, text);
    return outputs.outcome;
  };

  /** The spec at the commit now, by the name under which the registry behind has it. */
  const spec = () => `${registry.host}/${project}/app:${source.head().slice(0, 7)}`;

  function assertNoToken(): void {
    const places = [
      ...results.map(({ text, steps, diagnostics }) => text + JSON.stringify([steps, diagnostics])),
      ...stacks.map((stack) => stack.stateText()),
    ];
    for (const token of google.rights.keys()) {
      const encoded = Buffer.from(`oauth2accesstoken:${token}`).toString("base64");
      assert.equal(places.filter((text) => text.includes(token) || text.includes(encoded)).length, 0, token);
    }
  }

  it("makes the repository behind gcr.io by the first push, if the token may do so; a second stack that may only read adopts", async () => {
    google.missing.add(`projects/${project}/locations/us/repositories/gcr.io`);
    assert.equal((await runAs("canary-write-1", "preview", first)).succeeded, true);
    const refused = await runAs("canary-write-1", "up", first);
    assert.equal(refused.succeeded, false, refused.text);
    assert.match(refused.text, /Creating on push requires the artifactregistry\.repositories\.createOnPush permission/);

    published = await runAs("canary-create-1", "up", first);
    assert.equal(outcomeOf(published), "published");
    assert.equal(published.outputs.digest, await registry.digest(spec()));

    const adopted = await runAs("canary-read-1", "up", stackNamed("second"));
    assert.equal(outcomeOf(adopted), "adopted");
    assert.equal(adopted.outputs.digest, published.outputs.digest);
    assert.equal(registry.pushes(spec()), 1);
    assertNoToken();
  });

  it("ends with the registry's words where the token may not push; the state keeps what it held, and another token changes nothing", async () => {
    const before = source.clone();

    source.write("app/main", "two\n").add().commit();
    const refused = await runAs("canary-read-1", "up", first);
    assert.equal(refused.succeeded, false, refused.text);
    assert.match(
      refused.text,
      new RegExp(
        'denied: Permission "artifactregistry\\.repositories\\.uploadArtifacts" denied on resource ' +
          `"projects/${project}/locations/us/repositories/gcr\\.io" \\(or it may not exist\\)`,
      ),
    );
    assert.equal(await registry.digest(spec()), undefined);

    const unchanged = await runAs("canary-read-2", "up", first.in(before.directory));
    assert.deepEqual(changes(unchanged), {});
    assert.equal(unchanged.outputs.reference, published.outputs.reference);
    before.dispose();

    assert.equal(outcomeOf(await runAs("canary-write-2", "up", first)), "published");
    assert.equal(registry.pushes(spec()), 1);
    assertNoToken();
  });
});
