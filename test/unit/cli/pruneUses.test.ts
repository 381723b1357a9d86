import * as assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { soughtOf, usesOf } from "../../../cli/cluster";
import { apiServer, kubeconfigOf, type Objects } from "../../support/apiServer";
import { ABSENT, fakeRegistries, type Reply } from "../../support/fakeRegistry";
import { folderOfEach } from "../../support/folder";
import { cliJson, commitsOf, DIRTY, digestOf, labelsOf, repositories, sha256, shelf, versions } from "./setup";

const FLAGS = ["--keep-last", "0", "--keep-for", "0h"];

describe("versioned-image prune, of what clusters use", () => {
  const { enter, keep } = repositories();
  const start = fakeRegistries();
  const home = folderOfEach();

  /** An image of an old commit that nothing but a cluster can need, and that of HEAD. */
  async function example(more: (method: string, url: string) => Reply | undefined = () => undefined) {
    const made = enter(versions());
    const [first = ""] = commitsOf(made);
    const images = [first, made.head()].map((commit) => ({
      tags: [commit.slice(0, 7)],
      labels: labelsOf(made, commit, "images/app"),
    }));
    const answer = shelf(images);
    const registry = await start((seen) => more(seen.method, seen.url) ?? answer(seen));
    const tag = first.slice(0, 7);
    const digest = await digestOf(registry, tag);
    return { registry, repository: `${registry.host}/app`, tag, digest };
  }

  async function cluster(...server: Parameters<typeof apiServer>) {
    const answer = await start(apiServer(...server));
    const file = home("config");
    writeFileSync(file, kubeconfigOf(answer.host));
    return { server: answer, file };
  }

  const deletions = (requests: string[]) => requests.filter((request) => request.startsWith("DELETE"));

  /** Why the tag stays; undefined if it may go. */
  async function whyItStays(repository: string, tag: string, ...server: Parameters<typeof apiServer>) {
    const { file } = await cluster(...server);
    const { json } = await cliJson(["prune", repository, ...FLAGS, "--kubeconfig", file]);
    assert.equal(json.error, undefined, json.error?.message);
    assert.deepEqual(json.unread, []);
    const found = json.repositories[0].tags.find((each: { tag: string }) => each.tag === tag);
    return found.reasons.find(({ rule }: { rule: string }) => rule === "cluster")?.message as string | undefined;
  }

  /** Whatever names a version in a cluster. */
  interface Named {
    repository: string;
    tag: string;
    digest: string;
    /** The digest of its configuration. */
    config: string;
  }

  /**
   * Objects that each name another version, which nothing else does, where they are listed: of each its text, why its version stays, and its
   * name.
   */
  async function whyEachStays(formsOf: (version: Named) => [place: string, form: object][], kinds = {}) {
    const made = enter(versions());
    const { length } = formsOf({ repository: "", tag: "", digest: "", config: "" });
    const commits = [...commitsOf(made).slice(0, length), made.head()];
    assert.equal(new Set(commits).size, length + 1);
    const tags = commits.map((commit) => commit.slice(0, 7));
    const registry = await start(
      shelf(
        commits.map((commit, index) => ({ tags: [tags[index] ?? ""], labels: labelsOf(made, commit, "images/app") })),
      ),
    );
    const repository = `${registry.host}/app`;
    const objects: Objects = {};
    const texts: string[] = [];
    for (const [index, tag] of tags.slice(0, -1).entries()) {
      const manifest = await fetch(`http://${registry.host}/v2/app/manifests/${tag}`);
      const { config } = (await manifest.json()) as { config: { digest: string } };
      const version = { repository, tag, digest: await digestOf(registry, tag), config: config.digest };
      const [place, form] = formsOf(version)[index] as [string, object];
      const object = { metadata: { name: `thing-${index}`, namespace: "web" }, ...form };
      objects[place] = [...(objects[place] ?? []), object];
      texts.push(JSON.stringify(object));
    }
    const { file } = await cluster(objects, kinds);
    const { json } = await cliJson(["prune", repository, ...FLAGS, "--kubeconfig", file]);
    assert.equal(json.error, undefined, json.error?.message);
    assert.deepEqual(json.unread, []);
    const why = (tag: string | undefined): string | undefined => {
      const found = json.repositories[0].tags.find((each: { tag: string }) => each.tag === tag);
      return found.reasons.find(({ rule }: { rule: string }) => rule === "cluster")?.message;
    };
    assert.equal(why(tags.at(-1)), undefined);
    return texts.map((text, index) => [text, why(tags[index]), `thing-${index}`] as const);
  }

  const at = (place: string, forms: object[]) => forms.map((form): [string, object] => [place, form]);

  const template = (image: string, more: object = {}) => ({
    spec: { containers: [{ name: "main", image }], ...more },
  });

  const nameless = (image: string, imageID: unknown, more: object = {}) => ({
    ...template(image, more),
    status: { phase: "Running", containerStatuses: [{ name: "main", image, imageID, state: { running: {} } }] },
  });

  const pod = (image: string, imageID: unknown, more: object = {}) => ({
    metadata: { name: "app-1", namespace: "web" },
    ...nameless(image, imageID, more),
  });

  const base64 = (text: string) => Buffer.from(text).toString("base64");

  const named = { metadata: { name: "app", namespace: "web" } };

  it("a runtime names it in any way, though its tag has moved", async () => {
    const pods = ({ repository, digest, config }: Named) =>
      [
        `${repository}@${digest}`,
        `docker-pullable://${repository}@${digest}`,
        `mirror.example/x@${digest}`,
        digest,
        digest.replace("sha256:", ""),
        config,
        config.replace("sha256:", ""),
        `docker://${config}`,
      ].map((imageID) => nameless(`${repository}:latest`, imageID));
    // Under a name of which nothing is known, and in words that are not understood but for the digest.
    const strangers = ({ digest, config }: Named) =>
      [`local copy of ${digest}`, `oci:${config}!`].map((imageID) => nameless("mirror.example/x:1", imageID));
    const all = (version: Named) => at("v1/pods", [...pods(version), ...strangers(version)]);
    for (const [form, why, name] of await whyEachStays(all)) {
      assert.equal(why, `pod web/${name} of prod runs it`, form);
    }
    const { repository, tag } = await example();
    const other = await whyItStays(repository, tag, { "v1/pods": [pod(`${repository}:latest`, sha256("other"))] });
    assert.equal(other, undefined);
  });

  it("a pod names it in any container or volume, by any registry", async () => {
    const pods = ({ repository, tag, digest }: Named) =>
      [
        `${repository}:${tag}`,
        `${repository}:other@${digest}`,
        `mirror.example:5000/proxy/${repository}:${tag}`,
        `mirror.example/cache/app:${tag}`,
      ].flatMap((image) => {
        const extra = [{ name: "extra", image }];
        return [
          { containers: extra },
          { initContainers: [{ ...extra[0], restartPolicy: "Always" }] },
          { ephemeralContainers: extra },
          { volumes: [{ name: "files", image: { reference: image, pullPolicy: "IfNotPresent" } }] },
        ].map((more) => nameless("busybox", sha256("busybox"), more));
      });
    for (const [form, why, name] of await whyEachStays((version) => at("v1/pods", pods(version)))) {
      assert.equal(why, `pod web/${name} of prod runs it`, form);
    }
    const { repository, tag } = await example();
    const other = { containers: [{ name: "other", image: `${repository}-other:${tag}` }] };
    assert.equal(await whyItStays(repository, tag, { "v1/pods": [pod("busybox", "", other)] }), undefined);
  });

  it("a pod has not started, has ended, is being deleted, or runs something that its runtime does not say", async () => {
    const known = await whyEachStays(({ repository, tag, digest }) =>
      at("v1/pods", [
        { ...nameless(`${repository}:${tag}`, ""), status: { phase: "Succeeded" } },
        {
          ...nameless("x", `${repository}@${digest}`),
          metadata: { name: "thing-1", namespace: "web", deletionTimestamp: "2024-01-01T00:00:00Z" },
        },
      ]),
    );
    assert.deepEqual(
      known.map(([, why, name]) => [why, name]),
      ["thing-0", "thing-1"].map((name) => [`pod web/${name} of prod runs it`, name]),
    );
    const { repository, tag } = await example();
    // Each may run any version of the repository.
    for (const form of [
      nameless(`${repository}:${tag}`, ""),
      nameless(`${repository}:latest`, "strange"),
      nameless(`${repository}:latest`, 5),
      nameless(`${repository}:latest`, { digest: "x" }),
    ]) {
      const { uses } = usesOf("prod", { name: "Pod" }, { ...named, ...form }, [soughtOf("app", [tag], [])]);
      assert.deepEqual(uses.at(-1), { words: "pod web/app of prod runs it", name: "app" }, JSON.stringify(form));
    }
    const strange = { ...named, ...nameless(`${repository}:latest`, "strange") };
    assert.equal(await whyItStays(repository, tag, { "v1/pods": [strange] }), "pod web/app of prod runs it");
  });

  it("anything with a pod's template names it, or what it can be rolled back to", async () => {
    const cases: [place: string, words: string, form: (spec: object) => object][] = [
      ["apps/v1/deployments", "Deployment web/NAME of prod names it", (spec) => ({ spec })],
      ["apps/v1/statefulsets", "StatefulSet web/NAME of prod names it", (spec) => ({ spec })],
      ["apps/v1/daemonsets", "DaemonSet web/NAME of prod names it", (spec) => ({ spec })],
      ["apps/v1/replicasets", "ReplicaSet web/NAME of prod can be rolled back to it", (spec) => ({ spec })],
      [
        "apps/v1/controllerrevisions",
        "ControllerRevision web/NAME of prod can be rolled back to it",
        (spec) => ({ data: { spec } }),
      ],
      ["v1/replicationcontrollers", "ReplicationController web/NAME of prod names it", (spec) => ({ spec })],
      ["v1/podtemplates", "PodTemplate web/NAME of prod names it", (spec) => spec],
      ["batch/v1/jobs", "Job web/NAME of prod names it", (spec) => ({ spec })],
      ["batch/v1/cronjobs", "CronJob web/NAME of prod names it", (spec) => ({ spec: { jobTemplate: { spec } } })],
    ];
    const objects = ({ repository, tag }: Named) =>
      cases.map(([place, , form]): [string, object] => [place, form({ template: template(`${repository}:${tag}`) })]);
    assert.deepEqual(
      (await whyEachStays(objects)).map(([, why]) => why),
      cases.map(([, words], index) => words.replace("NAME", `thing-${index}`)),
    );
  });

  it("an object of any other kind names it, in whatever form", async () => {
    const kinds = { "argoproj.io/v1alpha1/rollouts": "Rollout" };
    const formsOf = ({ repository, tag, digest }: Named): object[] => [
      { spec: { template: template(`${repository}:${tag}`) } },
      { spec: { image: { repository, tag } } },
      { spec: { image: { registry: "x", name: "app", digest: digest.replace("sha256:", "") } } },
      { spec: { deep: [[{ x: `--image=docker://${repository}:${tag},other` }]] } },
      { data: { "values.yaml": `image:\n  repository: ${repository}\n  tag: "${tag}"\n` } },
      { spec: { images: { [`${repository}@${digest}`]: true } } },
      { spec: { values: JSON.stringify({ json: JSON.stringify(`image:\n${repository}\ntag:\n${tag}\n`) }) } },
      { spec: { url: encodeURIComponent(`docker://registry.example/${repository}:${tag}`) } },
      { spec: { percent: `100% of ${encodeURIComponent(`registry.example/app:${tag}`)}` } },
      { spec: { registry: "registry.example/app/", tag } },
      { spec: { url: `https://registry.example/v2/app/manifests/${tag}` } },
      { spec: { url: `https://registry.example/v2/team%2Fapp%2Fmanifests%2F${tag}` } },
      { spec: { url: `https://x.example/?to=registry.example%252Fteam%252Fapp%253A${tag}` } },
      { spec: { query: `{"url":"/?as=json\\u0026image=app\\u003a${tag}\\u0026x"}` } },
    ];
    const keysOf = ({ tag }: Named): object[] => [
      { "registry.example/app": tag },
      { app: tag },
      { "registry.example/app": { [tag]: true } },
      { [`registry.example/app:${tag}`]: true },
    ];
    const rollouts = (version: Named) =>
      at("argoproj.io/v1alpha1/rollouts", [
        ...formsOf(version),
        ...keysOf(version).map((images) => ({ spec: { images } })),
      ]);
    for (const [form, why, name] of await whyEachStays(rollouts, kinds)) {
      assert.equal(why, `Rollout.argoproj.io web/${name} of prod names it`, form);
    }
    const files = ({ tag, digest }: Named): object[] => [
      { binaryData: { "values.yaml": base64(`image: registry.example/app:${tag}\n`) } },
      { binaryData: { "values.json": base64(`\u0000{"repository": "app", "tag": "${tag}"}`) } },
      { data: { repository: "app" }, binaryData: { tag: base64(tag) } },
      { binaryData: { digest: base64(digest) } },
    ];
    for (const [form, why, name] of await whyEachStays((version) => at("v1/configmaps", files(version)))) {
      assert.equal(why, `ConfigMap web/${name} of prod names it`, form);
    }
    const { repository, tag } = await example();
    const labels = { app: "other" };
    const past: object[] = [
      { metadata: { name: "other", labels }, spec: { selector: labels, image: `x/other:${tag}` } },
      { ...named, status: { image: `${repository}:${tag}` } },
      { metadata: { ...named.metadata, managedFields: [{ x: `${repository}:${tag}` }] } },
      {
        metadata: {
          ...named.metadata,
          annotations: { "kubectl.kubernetes.io/last-applied-configuration": `{"image":"${repository}:${tag}"}` },
        },
      },
    ];
    assert.equal(await whyItStays(repository, tag, { "argoproj.io/v1alpha1/rollouts": past }, kinds), undefined);
  });

  it("knows a repository by its last part, or by all in one as mirrors write them, and not one whose name goes on", () => {
    const { pattern } = soughtOf("my.org/team/app", [], []);
    for (const text of [
      "app",
      "x/app:1",
      "my.org-team-app",
      "x/my.org_team_app@",
      "my.org.team.app",
      "my.org__team__app",
      "/v2/app/manifests/1",
      "/v2/app/blobs/uploads",
      "/v2/app/tags/list",
    ]) {
      assert.match(text, pattern);
    }
    for (const text of [
      "app-2",
      "app.x",
      "the-app",
      "app/x",
      "app/manifests-x/y",
      "my.org-team-app-2",
      "myxorg-team-app",
      "other-team-app",
    ]) {
      assert.doesNotMatch(text, pattern);
    }
  });

  it("a tag of digits that YAML has made a number, and a digest of another kind that no tag leads to, are read", () => {
    const sought = [soughtOf("team/app", ["1234567", "7654321"], [])];
    const read = (spec: object) => {
      const { uses } = usesOf("prod", { name: "Thing.example.com" }, { ...named, spec }, sought);
      return uses.map(({ name, tag, digest }) => [name, tag ?? digest]);
    };
    assert.deepEqual(read({ repository: "x.example/team/app", tag: 1234567 }), [["team/app", "1234567"]]);
    const digest = `sha512:${"0f".repeat(64)}`;
    assert.deepEqual(read({ image: `x.example/team/app@${digest}` }), [["team/app", digest]]);
  });

  it("an annotation of a million characters hides nothing", () => {
    const digest = sha256("x");
    for (const long of ["a".repeat(1e6), "-".repeat(1e6), "app.".repeat(250_000), "0".repeat(1e6), "\\".repeat(1e6)]) {
      const metadata = { ...named.metadata, annotations: { long: `${long} h.example/app@${digest}` } };
      const { uses } = usesOf("prod", { name: "ConfigMap" }, { metadata }, [soughtOf("app", [], [digest])]);
      assert.deepEqual(
        uses.map(({ words, digest: used }) => [words, used]),
        [["ConfigMap web/app of prod names it", digest]],
        long.slice(0, 4),
      );
    }
  });

  it("asks for no secrets, nodes, events and metrics", async () => {
    const { repository, tag } = await example();
    const kinds = { "events.k8s.io/v1/events": "Event", "metrics.k8s.io/v1beta1/pods": "PodMetrics" };
    const { server, file } = await cluster({}, kinds);
    await cliJson(["prune", repository, ...FLAGS, "--kubeconfig", file]);
    assert.ok(
      server.requests.some((request) => request.startsWith("GET /api/v1/configmaps?")),
      tag,
    );
    assert.deepEqual(
      server.requests.filter((request) => /secrets|nodes|events|metrics/.test(request)),
      ["GET /apis/events.k8s.io/v1"],
    );
  });

  const FORBIDDEN: Reply = { status: 403, body: { kind: "Status", message: "is forbidden" } };
  describe("deletes nothing where a kind can't be read", () => {
    /** Kinds by where they are listed, each of a group of its own, with what is answered for them, and how they can be left out. */
    const UNREAD: [what: string, place: string, answer: Reply, kind: string][] = [
      ["that is forbidden", "forbidden.io/v1/rollouts", FORBIDDEN, "Rollout.forbidden.io"],
      ["whose group is down", "down.io/v1/rollouts", { status: 503, body: "down" }, "*.down.io"],
      ["of which the list is too old in the middle", "old.io/v1/rollouts", { status: 410, body: {} }, "Rollout.old.io"],
      ["that lists no objects", "odd.io/v1/rollouts", { status: 200, body: { items: ["x"] } }, "Rollout.odd.io"],
      ["that lists nothing", "none.io/v1/rollouts", { status: 200, body: {} }, "Rollout.none.io"],
    ];
    const kinds = Object.fromEntries(UNREAD.map(([, place]) => [place, "Rollout"]));
    const answered = (url: string) =>
      url.startsWith("/apis/down.io/")
        ? UNREAD[1]?.[2]
        : UNREAD.find(([, place]) => url.replace(/\?.*/, "") === `/apis/${place}`)?.[2];

    /** Runs prune in a registry that deletes what it is told to, with flags that leave kinds out. */
    async function ran(...flags: string[]) {
      let gone = false;
      const { registry, repository, digest } = await example((method, url) => {
        gone ||= method === "DELETE";
        return method === "DELETE" ? { status: 202 } : gone && url.endsWith(digest) ? ABSENT : undefined;
      });
      const { file } = await cluster({}, kinds, answered);
      const { status, json } = await cliJson(["prune", repository, ...FLAGS, "--kubeconfig", file, ...flags]);
      return { status, json, deleted: deletions(registry.requests) };
    }

    const ignoring = (names: string[]) => names.flatMap((name) => ["--ignore-kind", name]);

    it("and says so of all of them", async () => {
      const { status, json, deleted } = await ran();
      assert.deepEqual(
        [status, json.unread.map(({ kind }: { kind: string }) => kind).sort(), deleted],
        [0, UNREAD.map(([, , , kind]) => kind).sort(), []],
      );
    });

    for (const [what, , , kind] of UNREAD) {
      it(`${what}, and is not left out`, async () => {
        const others = UNREAD.map(([, , , each]) => each).filter((each) => each !== kind);
        const { json, deleted } = await ran("--delete", ...ignoring(others));
        assert.equal(json.error?.code, "ClusterFailed");
        assert.ok(json.error.message.includes(`--ignore-kind '${kind}'`), json.error.message);
        assert.deepEqual(deleted, []);
      });
    }

    for (const [how, forbidden] of [
      ["by its kind", "Rollout.forbidden.io"],
      ["in small letters and by its name in paths", "rollouts.forbidden.io"],
      ["with its group", "*.forbidden.io"],
    ]) {
      it(`unless each is left out: ${how}`, async () => {
        const [, ...others] = UNREAD.map(([, , , kind]) => kind);
        const { status, json } = await ran("--delete", ...ignoring([String(forbidden), ...others]));
        assert.deepEqual([status, json.repositories?.[0].removals[0].outcome], [0, "deleted"], JSON.stringify(json));
      });
    }
  });

  it("deletes nothing by a namespace that the cluster does not have, or of which that is not known", async () => {
    const { registry, repository, tag, digest } = await example();
    const objects = { "v1/pods": [pod(`${repository}:${tag}`, `${repository}@${digest}`)] };
    const { file } = await cluster(objects);
    const flags = ["prune", repository, ...FLAGS, "--delete", "--kubeconfig", file];
    const typo = await cliJson([...flags, "--namespace", "wbe"]);
    assert.deepEqual([typo.status, typo.json.error?.code], [1, "ClusterFailed"], JSON.stringify(typo.json));
    assert.match(typo.json.error.message, /^The cluster prod has no namespace wbe\. Name an existing one/);
    const both = await cliJson([...flags, "--namespace", "web", "--namespace", "wbe"]);
    assert.deepEqual([both.status, both.json.error?.code], [1, "ClusterFailed"]);
    const forbidden = { status: 403, body: { kind: "Status", message: "forbidden" } };
    await cluster(objects, {}, (url) => (url === "/api/v1/namespaces/wbe" ? forbidden : undefined));
    const unknown = await cliJson([...flags, "--namespace", "wbe"]);
    assert.match(unknown.json.error?.message, /lists nothing in the namespace wbe, and did not say whether it exists/);
    assert.deepEqual(deletions(registry.requests), []);
  });

  for (const kind of ["Pod", "pods", "*."]) {
    it(`deletes nothing where pods are to be left out: ${kind}`, async () => {
      const { registry, repository, tag, digest } = await example();
      const { file } = await cluster({ "v1/pods": [pod(`${repository}:${tag}`, `${repository}@${digest}`)] });
      const { json } = await cliJson([
        ...["prune", repository, ...FLAGS, "--kubeconfig", file, "--ignore-kind", kind, "--delete"],
      ]);
      assert.equal(json.error?.code, "InvalidArgument");
      assert.deepEqual(deletions(registry.requests), []);
    });
  }

  it("does not advise to leave out pods that can't be listed", async () => {
    const { repository } = await example();
    const forbidden = { status: 403, body: { kind: "Status", message: "forbidden" } };
    const { file } = await cluster({}, {}, (url) => (/\/(pods|cronjobs)$/.test(url) ? forbidden : undefined));
    const { json } = await cliJson(["prune", repository, ...FLAGS, "--kubeconfig", file, "--delete"]);
    assert.ok(
      json.error.message.endsWith(
        "Let this user list Pod, CronJob.batch, or, if CronJob.batch needs no image, add --ignore-kind 'CronJob.batch'",
      ),
      json.error.message,
    );
  });

  it("deletes nothing where the cluster says that it lists no pods", async () => {
    const { registry, repository } = await example();
    const resource = { name: "pods", kind: "Pod", namespaced: true };
    for (const resources of [[], [{ ...resource, verbs: ["get"] }], [{ ...resource, name: "pods/log" }]]) {
      const body = { kind: "APIResourceList", resources };
      const { file } = await cluster({}, {}, (url) => (url === "/api/v1" ? { status: 200, body } : undefined));
      const { json } = await cliJson(["prune", repository, ...FLAGS, "--kubeconfig", file, "--delete"]);
      assert.equal(json.error?.code, "ClusterFailed", JSON.stringify(resources));
      assert.match(json.error.message, /does not list pods/);
    }
    assert.deepEqual(deletions(registry.requests), []);
  });

  it("deletes nothing where a pod or template names its images in no form that is known", async () => {
    const { registry, repository } = await example();
    for (const [kind, object] of [
      ["Pod", { ...named, spec: { containers: [{ name: "main", image: 5 }] } }],
      ["Pod", { ...named, spec: { containers: "none" } }],
      ["Pod", { ...named, spec: { volumes: [{ image: { reference: ["x"] } }] } }],
      ["Pod", { ...named, spec: { initContainers: [5] } }],
      ["Pod", { ...named, spec: { ephemeralContainers: {} } }],
      ["Pod", { ...named, spec: [] }],
      ["Deployment.apps", { ...named, spec: { template: { spec: { containers: [["x"]] } } } }],
      ["CronJob.batch", { ...named, spec: { jobTemplate: 1 } }],
    ] as const) {
      const { unread } = usesOf("prod", { name: kind }, object, []);
      assert.match(unread[0]?.why ?? "", /web\/app is not understood: /, JSON.stringify(object));
    }
    const { file } = await cluster({ "v1/pods": [{ ...named, spec: { containers: "none" } }] });
    const { json } = await cliJson(["prune", repository, ...FLAGS, "--kubeconfig", file, "--delete"]);
    assert.equal(json.error?.code, "ClusterFailed");
    assert.match(json.error.message, /web\/app is not understood: /);
    assert.deepEqual(deletions(registry.requests), []);
  });

  describe("of a clone", () => {
    /** A clone of one branch of a repository that has another, with an image of the tip of each. */
    async function clone(...flags: string[]) {
      const made = keep(versions().copy());
      made.git("checkout", "--quiet", "-b", "release");
      made.write("images/app/main", "release\n").add().commit("Release");
      const release = made.head();
      made.git("checkout", "--quiet", "main");
      const registry = await start(
        shelf([{ tags: [release.slice(0, 7)], labels: labelsOf(made, release, "images/app") }]),
      );
      const cloned = keep(made.clone(...flags));
      const ask = (...more: string[]) =>
        cliJson(["prune", `${registry.host}/app`, ...FLAGS, "--no-cluster", "--context", cloned.directory, ...more]);
      return { made, cloned, release, registry, ask };
    }

    it("of one branch: nothing goes, and the fetch that helps is named, and done by --fetch", async () => {
      const { registry, ask } = await clone("--single-branch", "--branch", "main");
      const refused = await ask("--delete");
      assert.equal(refused.json.error?.code, "ShallowHistory");
      assert.match(refused.json.error.message, /lacks the commit of origin\/release of its remote origin/);
      assert.ok(
        refused.json.error.message.includes("`git fetch --tags --force origin '+refs/heads/*:refs/remotes/origin/*'`"),
      );
      assert.deepEqual(deletions(registry.requests), []);
      const { json } = await ask("--fetch");
      assert.deepEqual(json.repositories[0].tags[0].reasons, [
        { rule: "ref", message: "origin/release has its files" },
      ]);
    });

    it("of all, with a push meanwhile: nothing goes", async () => {
      const { made, ask } = await clone();
      assert.equal((await ask()).json.error, undefined);
      made.commit("Later").git("tag", "--annotate", "-m", "x", "v2");
      assert.match(
        (await ask("--delete")).json.error.message,
        /lacks the commit of origin\/main \(and 1 more\) of its remote/,
      );
    });

    it("that has the commit of a branch that it does not know: the branch counts", async () => {
      const { made, cloned, release, ask } = await clone();
      cloned.git("update-ref", "-d", "refs/remotes/origin/release");
      const { json } = await ask();
      assert.deepEqual(json.repositories[0].tags[0].reasons, [
        { rule: "ref", message: "origin/release has its files" },
      ]);
      made.git("tag", "of-a-file", `${release}:images/app/main`);
      cloned.git("fetch", "--quiet", "--tags");
      assert.equal((await ask()).json.error, undefined);
    });

    it("whose remote does not answer: nothing goes", async () => {
      const { cloned, ask } = await clone();
      cloned.git("remote", "set-url", "origin", home("gone"));
      const { json } = await ask("--delete");
      assert.equal(json.error?.code, "GitFailed");
      assert.match(json.error.message, /Check that `git ls-remote origin` works/);
    });

    it("that is shallow is deepened by --fetch", async () => {
      const { ask } = await clone("--depth=1");
      assert.match((await ask()).json.error.message, /`git fetch --unshallow --tags --force origin /);
      assert.equal((await ask("--fetch")).json.error, undefined);
    });
  });

  describe("between the plan and a deletion", () => {
    /** Old debug images. Once the first is deleted, both are pushed anew, or another tag is set to the second. */
    async function debugImages(anew: "same" | "other") {
      const made = enter(versions());
      const [one = "", two = ""] = commitsOf(made);
      const created = "2023-01-01T00:00:00Z";
      const debug = (commit: string, number: number) => ({
        tags: [`${commit.slice(0, 7)}-debug`],
        created,
        labels: { ...labelsOf(made, commit, "images/app"), [DIRTY]: "true", number: String(number) },
      });
      const then = shelf([debug(one, 1), debug(two, 1)]);
      const now = shelf([debug(one, 2), debug(two, 2)]);
      const deleted = new Set<string>();
      let first = "";
      const registry = await start((seen) => {
        const [, name = ""] = /manifests\/(.*)$/.exec(seen.url) ?? [];
        if (seen.method === "DELETE") {
          first ||= name;
          deleted.add(name);
          return { status: 202 };
        }
        const answer = first === "" ? then(seen) : anew === "other" && now(seen);
        const found = answer && typeof answer === "object" && answer.status === 200 ? answer : then(seen);
        const digest = typeof found === "object" ? found.headers?.["docker-content-digest"] : undefined;
        if (seen.url.includes("/tags/list") && first !== "" && anew === "same") {
          return {
            status: 200,
            body: { tags: [one, two].map((each) => `${each.slice(0, 7)}-debug`).concat("stable") },
          };
        }
        if (name === "stable" && anew === "same" && first !== "") {
          const other = [one, two].map((each) => `${each.slice(0, 7)}-debug`);
          const answers = other.map((tag) => then({ ...seen, url: `/v2/app/manifests/${tag}` }));
          return (
            answers.find((each) => typeof each === "object" && each.headers?.["docker-content-digest"] !== first) ??
            ABSENT
          );
        }
        return digest !== undefined && deleted.has(digest) ? ABSENT : found;
      });
      const { status, json } = await cliJson([
        ...["prune", `${registry.host}/app`, ...FLAGS, "--no-cluster", "--delete"],
      ]);
      return { registry, status, json, deleted };
    }

    it("a debug tag that is pushed anew stays, and what it led to goes by its digest", async () => {
      const { status, json, registry } = await debugImages("other");
      assert.equal(status, 0, JSON.stringify(json));
      const [{ removals, lost }] = json.repositories;
      assert.deepEqual(lost, []);
      assert.deepEqual(
        removals.map((each: { tags: string[]; outcome: string }) => [each.tags.length, each.outcome]),
        [
          [1, "deleted"],
          [0, "deleted"],
        ],
      );
      for (const request of deletions(registry.requests)) {
        assert.match(request, /manifests\/sha256:[0-9a-f]{64}$/);
      }
    });

    it("what another tag was set to meanwhile is kept", async () => {
      const { status, json, deleted } = await debugImages("same");
      assert.equal(status, 0, JSON.stringify(json));
      const [{ removals, lost }] = json.repositories;
      assert.deepEqual(
        removals.map((each: { outcome: string; message: string | null }) => [each.outcome, each.message]),
        [
          ["deleted", null],
          ["kept", "stable now points to it"],
        ],
      );
      assert.deepEqual([lost, deleted.size], [[], 1]);
    });
  });
});
