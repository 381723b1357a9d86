import * as assert from "node:assert/strict";
import { readFileSync, rmSync, statSync } from "node:fs";
import * as path from "node:path";
import { loadYaml } from "@kubernetes/client-node";
import { parse } from "yaml";
import { behaviours, type Workplace } from "./support/behaviours";
import type { Properties } from "./support/plugin";
import { sdkVersionOf } from "./support/plugins";
import { UNKNOWN } from "./support/properties";

const ID = "app";
const FILE = "manifests/1-manifest/apps_v1-deployment-default-app.yaml";

function deployment(image: string, metadata: Properties = {}, spec: Properties = {}) {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "app", ...metadata },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: "app" } },
      template: {
        metadata: { labels: { app: "app" } },
        spec: { containers: [{ name: "app", image, env: [{ name: "A", value: "yes" }] }] },
      },
      ...spec,
    },
  };
}

/** No cluster, whatever machine this is. */
const env = (directory: string) => ({ KUBECONFIG: path.join(directory, "none"), HOME: directory });

function inputsAndDifferences(at: Workplace): void {
  it("says the version of the SDK", async () => {
    // Releases are stamped with their tag, which begins with a v.
    assert.equal((await at.plugin.version()).replace(/^v/, ""), sdkVersionOf("kubernetes"));
  });

  it("takes inputs as they are", async () => {
    assert.deepEqual(await at.plugin.check(deployment("a:1")), deployment("a:1"));
    assert.deepEqual(await at.plugin.check(deployment(UNKNOWN)), deployment(UNKNOWN));
    const elsewhere = deployment("a:1", { namespace: "other", labels: { a: "b" } });
    assert.deepEqual(await at.plugin.check(elsewhere), elsewhere);
  });

  it("gives a name where none is given, and keeps it", async () => {
    const unnamed = deployment("a:1", { name: null, annotations: { a: "b" } });
    const inputs = await at.plugin.check(unnamed);
    const { name, ...metadata } = inputs.metadata as { name: string };
    assert.match(name, /^app-[0-9a-f]{8}$/);
    assert.deepEqual(metadata, { annotations: { a: "b", "pulumi.com/autonamed": "true" } });
    assert.deepEqual(await at.plugin.check(unnamed, inputs), inputs);
  });

  it("refuses a name that the cluster would have to make up", async () => {
    await assert.rejects(at.plugin.check(deployment("a:1", { name: null, generateName: "a-" })), {
      message: /`\.metadata\.generateName` field is not supported/,
    });
  });

  const IMAGE = "spec.template.spec.containers[0].image";
  const cases: [what: string, news: Properties, kinds: Record<string, string>][] = [
    ["nothing", deployment("a:1"), {}],
    ["the image", deployment("a:2"), { [IMAGE]: "UPDATE" }],
    ["an image that a preview can't know", deployment(UNKNOWN), { [IMAGE]: "UPDATE" }],
    ["the default namespace, said aloud", deployment("a:1", { namespace: "default" }), {}],
    ["a label", deployment("a:1", { labels: { a: "b" } }), { "metadata.labels": "ADD" }],
    ["what is left out", deployment("a:1", {}, { replicas: null }), { "spec.replicas": "DELETE" }],
    ["the name", deployment("a:1", { name: "b" }), { "metadata.name": "UPDATE_REPLACE" }],
    ["the namespace", deployment("a:1", { namespace: "b" }), { "metadata.namespace": "UPDATE_REPLACE" }],
    [
      "the selector",
      deployment("a:1", {}, { selector: { matchLabels: { app: "b" } } }),
      { "spec.selector.matchLabels.app": "UPDATE_REPLACE" },
    ],
  ];
  for (const [what, news, kinds] of cases) {
    it(`finds the difference of ${what}: ${JSON.stringify(kinds)}`, async () => {
      const olds = await at.plugin.check(deployment("a:1"));
      assert.deepEqual(await at.plugin.diff(ID, { ...olds, __inputs: olds }, await at.plugin.check(news, olds)), {
        changes: Object.keys(kinds).length > 0 ? "DIFF_SOME" : "DIFF_NONE",
        kinds,
        replaces: Object.keys(kinds).filter((name) => kinds[name]?.endsWith("_REPLACE")),
        deleteBeforeReplace: false,
      });
    });
  }

  it("updates a Service whose selector is another one", async () => {
    const service = (app: string) => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "a" },
      spec: { selector: { app } },
    });
    const olds = await at.plugin.check(service("a"));
    const difference = await at.plugin.diff(ID, { ...olds, __inputs: olds }, await at.plugin.check(service("b"), olds));
    assert.deepEqual(difference.kinds, { "spec.selector.app": "UPDATE" });
    assert.deepEqual(difference.replaces, []);
  });

  it("gives the inputs back in a preview", async () => {
    for (const image of ["a:2", UNKNOWN]) {
      const [olds, news] = [deployment("a:1"), await at.plugin.check(deployment(image))];
      assert.deepEqual(await at.plugin.create(news, true), { id: "", properties: news });
      assert.deepEqual(await at.plugin.update(ID, { ...olds, __inputs: olds }, news, true), news);
    }
  });
}

const variables = { "kubernetes:config:renderYamlToDirectory": "manifests" };

behaviours(
  "kubernetes",
  "manifests in place of a cluster",
  (at) => {
    const file = (name = FILE) => path.join(at.directory, name);
    // Plain objects, rather than the client's own classes.
    const written = () => JSON.parse(JSON.stringify(loadYaml(readFileSync(file(), "utf8"))));
    const modeOf = (name: string) => statSync(file(name)).mode & 0o777;
    // What is for the provider alone begins with two underscores.
    const visible = (properties: Properties) =>
      Object.fromEntries(Object.entries(properties).filter(([name]) => name === "__inputs" || !name.startsWith("__")));

    beforeEach(() => rmSync(file("manifests"), { recursive: true, force: true }));

    inputsAndDifferences(at);

    it("are not written in a preview", async () => {
      await at.plugin.create(deployment("a:1"), true);
      assert.throws(() => statSync(file()), { code: "ENOENT" });
    });

    it("are written for their owner's eyes, and written anew with an update", async () => {
      const inputs = deployment("a:1");
      const { id, properties } = await at.plugin.create(inputs);
      assert.equal(id, ID);
      assert.deepEqual(visible(properties), { ...inputs, __inputs: inputs });
      assert.deepEqual(written(), inputs);
      assert.deepEqual(["manifests/0-crd", "manifests/1-manifest", FILE].map(modeOf), [0o700, 0o700, 0o600]);

      const news = deployment("a:2");
      assert.deepEqual(visible(await at.plugin.update(id, properties, news)), { ...news, __inputs: news });
      assert.deepEqual(written(), news);
    });

    it("keep a tag of digits alone a string, for readers of either version of YAML", async () => {
      for (const tag of ["1234567", "0123456", "1234e56", "00e1234", "1234567890123456789012345678901234567890"]) {
        const labels = { "app.kubernetes.io/version": tag };
        const template = {
          metadata: { labels },
          spec: { containers: [{ name: "app", env: [{ name: "TAG", value: tag }] }] },
        };
        await at.plugin.create(deployment("a:1", { labels }, { template }));
        for (const version of ["1.1", "1.2"] as const) {
          const { metadata, spec } = parse(readFileSync(file(), "utf8"), { version });
          assert.deepEqual({ labels: metadata.labels, template: spec.template }, { labels, template });
        }
      }
    });

    it("have their names from the object's group, kind, namespace and name", async () => {
      const { id } = await at.plugin.create(deployment("a:1", { namespace: "other" }));
      assert.equal(id, "other/app");
      await at.plugin.create({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data: { a: "b" } });
      statSync(file("manifests/1-manifest/apps_v1-deployment-other-app.yaml"));
      statSync(file("manifests/1-manifest/v1-configmap-default-settings.yaml"));
    });

    it("are removed with the object, and need not be there any longer", async () => {
      const { id, properties } = await at.plugin.create(deployment("a:1"));
      await at.plugin.delete(id, properties);
      assert.throws(() => statSync(file()), { code: "ENOENT" });
      await at.plugin.delete(id, properties);
    });

    it("can't be read again", async () => {
      const { id, properties } = await at.plugin.create(deployment("a:1"));
      await assert.rejects(at.plugin.read(id, properties), { message: /unreachable/ });
    });
  },
  { variables, env },
);

behaviours(
  "kubernetes",
  "no cluster that can be reached",
  (at) => {
    inputsAndDifferences(at);

    it("fails what is more than a preview", async () => {
      const [olds, unreachable] = [deployment("a:1"), { message: /^configured Kubernetes cluster is unreachable/ }];
      const state = { ...olds, __inputs: olds };
      await assert.rejects(at.plugin.create(olds), unreachable);
      await assert.rejects(at.plugin.update(ID, state, deployment("a:2")), unreachable);
      await assert.rejects(at.plugin.delete(ID, state), unreachable);
      await assert.rejects(at.plugin.read(ID, state), { message: /unreachable/ });
    });
  },
  { env },
);
