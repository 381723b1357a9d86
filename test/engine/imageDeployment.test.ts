import * as assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { changes, errorsOn, imageProject } from "../support/project";
import { registry } from "../support/registry";
import type { Repo } from "../support/repo";
import { TestStack } from "../support/stack";

const PROGRAM = path.join(__dirname, "programs", "deployment.ts");

interface Manifest {
  kind: string;
  metadata: { name: string; annotations: Record<string, string>; labels: Record<string, string> };
  spec: {
    selector: object;
    template: {
      metadata: { labels: Record<string, string> };
      spec: { containers: { image: string; ports: unknown[]; tty?: boolean }[] };
    };
  };
}

/** The image's Deployment on the real engine, rendered as manifests; a cluster is not needed for that. */
describe("ImageDeployment on the engine", () => {
  let project: Repo;
  let stack: TestStack | undefined;

  beforeEach(() => {
    project = imageProject();
    project.git("remote", "add", "origin", "https://user:token@example.com/shop.git");
  });

  afterEach(() => {
    stack?.forget();
    stack = undefined;
    project.dispose();
  });

  function stackWith(config: Record<string, string>): TestStack {
    stack = new TestStack("test", {
      workDir: project.directory,
      env: process.env,
      program: PROGRAM,
      config: { repository: `${registry.repository("deployment")}/app`, ...config },
    });
    return stack;
  }

  function manifest(kind: string): Manifest {
    const folder = project.path("manifests/1-manifest");
    const all = readdirSync(folder).map((file) => parse(readFileSync(path.join(folder, file), "utf8")) as Manifest);
    const found = all.filter((one) => one.kind === kind);
    assert.equal(found.length, 1, `manifests: ${all.map((one) => one.kind)}`);
    return found[0] as Manifest;
  }

  it("keeps what a release before has deployed, moves the Service over to pods that are there, and runs what is published, by digest", async () => {
    const stack = stackWith({});
    const before = await stack.up({ before: "true" });
    assert.equal(before.succeeded, true, before.text);
    const selector = { "app.kubernetes.io/name": "app" };
    const { metadata, spec } = manifest("Deployment");
    assert.deepEqual(spec.selector, { matchLabels: selector });

    const first = await stack.up({ before: "false" });
    assert.equal(first.succeeded, true, first.text);
    // In this order: the pods that the Service now selects are there before it selects them.
    assert.deepEqual(Object.entries(changes(first)), [
      ["app-deployment", "update"],
      ["app-service", "update"],
    ]);
    const [deployment, service] = [manifest("Deployment"), manifest("Service")];
    assert.equal(deployment.metadata.name, metadata.name);
    assert.deepEqual(deployment.spec.selector, { matchLabels: selector });
    const { "versioned-image.dev/service": identity } = deployment.spec.template.metadata.labels;
    assert.match(String(identity), /^[0-9a-f]{16}$/);
    assert.deepEqual(service.spec.selector, { ...selector, "versioned-image.dev/service": identity });

    project.write("app/main", "two\n").add().commit();
    const second = await stack.up();
    assert.deepEqual(changes(second), { "app-image": "update", "app-record": "update", "app-deployment": "update" });
    const updated = manifest("Deployment");
    assert.deepEqual(updated.spec.selector, { matchLabels: selector });
    const [container] = updated.spec.template.spec.containers;
    assert.match(String(second.outputs.reference), /@sha256:[0-9a-f]{64}$/);
    assert.equal(container?.image, second.outputs.reference);
    assert.deepEqual(container?.ports, [{ name: "http", containerPort: 8080 }]);
    assert.equal(container?.tty, undefined);
    assert.equal(updated.metadata.annotations["org.opencontainers.image.revision"], project.head());
    assert.equal(updated.metadata.annotations["org.opencontainers.image.source"], "https://example.com/shop.git");
    assert.equal(updated.metadata.labels["app.kubernetes.io/version"], project.head().slice(0, 7));
  });

  it("refuses a debug image where none is allowed, already in the preview", async () => {
    project.write("app/main", "two\n");
    const refused = await stackWith({ debug: "true", allowDebug: "false" }).preview();
    assert.equal(refused.succeeded, false, refused.text);
    assert.match(refused.text, /allowDebug is false\. Commit the changes/);
    assert.match(errorsOn(refused, "app").join("\n"), /\[DebugNotAllowed\]/);
  });
});
