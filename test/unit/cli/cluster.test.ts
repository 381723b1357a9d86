import * as assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { readWorkloads } from "../../../cli/verify/clusterChecks";
import { errorOf } from "../../support/assertError";
import { fakeRegistries, type Reply } from "../../support/fakeRegistry";
import { folderOfEach } from "../../support/folder";
import { cli, cliJson, digestOf, labelsOf, repositories, sha256, shelf } from "./setup";

const DEPLOYMENTS = "/apis/apps/v1/namespaces/web/deployments";
const PODS = "/api/v1/namespaces/web/pods";
const SETS = /\/replicasets$/;
const CANARY = "canary-token";

describe("versioned-image verify with a cluster", () => {
  const { withImage } = repositories();
  const start = fakeRegistries();
  const home = folderOfEach();

  /** A kubeconfig for a server, whose context has the namespace `web`. */
  function kubeconfig(server: string, insecure: object = { "insecure-skip-tls-verify": true }): string {
    const file = home("config");
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "test",
      contexts: [{ name: "test", context: { cluster: "test", user: "test", namespace: "web" } }],
      clusters: [{ name: "test", cluster: { server, ...insecure } }],
      users: [{ name: "test", user: { token: CANARY } }],
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  /** An API server that answers these paths, and has the namespaces in them. */
  async function apiServer(answers: Record<string, Reply>) {
    const server = await start(({ url }) => {
      const { pathname } = new URL(url, "http://server");
      const isThere = Object.keys(answers).some((path) => path === `${pathname}/pods`);
      const none =
        isThere || SETS.test(pathname) ? json({ items: [] }) : { status: 404, body: { kind: "Status", message: "no" } };
      return answers[pathname] ?? none;
    });
    return { server, file: kubeconfig(`http://${server.host}`) };
  }

  const json = (body: object): Reply => ({ status: 200, headers: { "content-type": "application/json" }, body });

  const deployment = (name: string, image: string) => ({
    metadata: { name },
    spec: { selector: {}, template: { spec: { containers: [{ name: "main", image }] } } },
  });

  const pod = (name: string, image: string, imageID: string | undefined, phase = "Running", more: object = {}) => ({
    metadata: { name, ...more },
    spec: { containers: [{ name: "main", image }] },
    status: {
      phase,
      ...(imageID === undefined ? {} : { containerStatuses: [{ name: "main", image: "", imageID, ready: true }] }),
    },
  });

  /** The checks of the cluster, as "result: message". */
  async function compare(
    reference: string,
    deployments: object[],
    pods: object[],
  ): Promise<{ status: number; found: string[] }> {
    const { file } = await apiServer({
      [DEPLOYMENTS]: json({ items: deployments }),
      [PODS]: json({ items: pods }),
    });
    const { status, json: answer } = await cliJson(["verify", reference, "--kubeconfig", file]);
    assert.equal(answer.error, undefined, answer.error?.message);
    const checks = answer.checks as { name: string; result: string; message: string }[];
    return {
      status,
      found: checks
        .filter(({ name }) => name === "deployment" || name === "pod")
        .map(({ result, message }) => `${result}: ${message}`),
    };
  }

  async function published(index = false) {
    const made = withImage();
    const tag = made.head().slice(0, 7);
    const registry = await start(shelf([{ tags: [tag], labels: labelsOf(made, made.head(), "images/app"), index }]));
    const repository = `${registry.host}/app`;
    const spec = `${repository}:${tag}`;
    return { repository, tag, spec, digest: await digestOf(registry, tag) };
  }

  it("says what Deployments are pinned to and what pods run", async () => {
    const { repository, spec, digest } = await published();
    const reference = `${spec}@${digest}`;
    const { status, found } = await compare(
      spec,
      [deployment("app", reference), deployment("other", `${repository}-other:1`)],
      [pod("app-1", reference, `${repository}@${digest}`), pod("other-1", "busybox", `docker.io/x@${sha256("x")}`)],
    );
    assert.equal(status, 0);
    assert.deepEqual(found, [`proven: app/main is pinned to ${digest}`, `proven: app-1/main runs ${digest}`]);
  });

  it("prints that for people, too", async () => {
    const { repository, spec, digest } = await published();
    const { file } = await apiServer({
      [DEPLOYMENTS]: json({ items: [deployment("app", `${spec}@${digest}`)] }),
      [PODS]: json({ items: [pod("app-1", spec, `docker-pullable://${repository}@${digest}`)] }),
    });
    const { status, out } = await cli(["verify", spec, "--kubeconfig", file]);
    assert.equal(status, 0);
    assert.ok(
      out.includes(`\n  deployment  app/main is pinned to ${digest}\n  pod         app-1/main runs ${digest}\n`),
      out,
    );
  });

  it("finds out what runs something else", async () => {
    const { repository, spec, digest } = await published();
    const other = sha256("other");
    const { status, found } = await compare(
      spec,
      [
        deployment("pinned", `${repository}:old@${other}`),
        deployment("tagged", `${repository}:old`),
        deployment("latest", repository),
        deployment("same", spec),
      ],
      [pod("a", spec, `${repository}@${other}`), pod("b", spec, `${repository}@${digest}`)],
    );
    assert.equal(status, 1);
    assert.deepEqual(found, [
      `contradicted: pinned/main is pinned to another image: ${repository}:old@${other}`,
      `contradicted: tagged/main names another tag: ${repository}:old`,
      `contradicted: latest/main names another tag: ${repository}`,
      `unproven: same/main names ${spec} without a digest: what it runs can change`,
      `contradicted: a/main runs another image: ${other}`,
      `proven: b/main runs ${digest}`,
    ]);
  });

  it("takes a Deployment that names the tag alone, if its pods run the image", async () => {
    const { repository, spec, digest } = await published();
    const { status } = await compare(spec, [deployment("app", spec)], [pod("a", spec, `${repository}@${digest}`)]);
    assert.equal(status, 0);
  });

  it("has no proof where nothing uses the image", async () => {
    const { repository, spec } = await published();
    const { status, found } = await compare(spec, [deployment("x", "busybox")], []);
    assert.equal(status, 1);
    assert.deepEqual(found, [
      `unproven: no Deployment in the namespace web uses ${repository}`,
      `unproven: no pod in the namespace web runs ${repository}`,
    ]);
  });

  it("has no proof of a pod that has not started, or whose runtime does not say its digest", async () => {
    const { spec, digest } = await published();
    const { status, found } = await compare(
      spec,
      [deployment("app", `${spec}@${digest}`)],
      [pod("a", spec, undefined, "Pending"), pod("b", spec, "", "Pending"), pod("c", spec, "docker://x")],
    );
    assert.equal(status, 1);
    assert.deepEqual(found.slice(1), [
      "unproven: a/main has not started",
      "unproven: b/main has not started",
      "unproven: c/main runs docker://x, which is not a digest",
    ]);
  });

  it("leaves out pods that have ended, and counts one that is being deleted while its container runs", async () => {
    const { repository, spec, digest } = await published();
    const old = `${repository}@${sha256("old")}`;
    const ending = (name: string, imageID: string, state: object) => ({
      ...pod(name, spec, imageID, "Running", { deletionTimestamp: "2024-01-01T00:00:00Z" }),
      status: { phase: "Running", containerStatuses: [{ name: "main", imageID, state }] },
    });
    const { status, found } = await compare(
      spec,
      [deployment("app", `${spec}@${digest}`)],
      [
        pod("a", spec, old, "Succeeded"),
        pod("b", spec, old, "Failed"),
        ending("c", old, { terminated: { exitCode: 0 } }),
        pod("d", spec, `${repository}@${digest}`),
        ending("e", `${repository}@${digest}`, { running: {} }),
      ],
    );
    assert.equal(status, 0);
    assert.deepEqual(found.slice(1), [`proven: d/main runs ${digest}`, `proven: e/main, terminating, runs ${digest}`]);
    const older = await compare(spec, [deployment("app", `${spec}@${digest}`)], [ending("f", old, { running: {} })]);
    assert.equal(older.status, 1);
    assert.deepEqual(older.found.slice(1), [`contradicted: f/main, terminating, runs another image: ${sha256("old")}`]);
  });

  it("looks at init containers as well", async () => {
    const { repository, spec, digest } = await published();
    const spec_ = {
      containers: [{ name: "main", image: "busybox" }],
      initContainers: [{ name: "first", image: spec }],
    };
    const { found } = await compare(
      spec,
      [{ metadata: { name: "app" }, spec: { selector: {}, template: { spec: spec_ } } }],
      [
        {
          metadata: { name: "a" },
          spec: spec_,
          status: {
            phase: "Running",
            initContainerStatuses: [{ name: "first", imageID: `${repository}@${digest}` }],
            containerStatuses: [{ name: "main", imageID: "x" }],
          },
        },
      ],
    );
    assert.deepEqual(found, [
      `unproven: app/first names ${spec} without a digest: what it runs can change`,
      `proven: a/first runs ${digest}`,
    ]);
  });

  it("knows an image of an index, and either by its configuration, from a foreign one", async () => {
    const { repository, spec, digest } = await published(true);
    const ask = async (named: string) =>
      (await fetch(`http://${repository.replace("/app", "/v2/app")}/manifests/${named}`)).json() as Promise<{
        manifests: { digest: string }[];
        config: { digest: string };
      }>;
    const child = (await ask(digest)).manifests[0]?.digest ?? "";
    const config = (await ask(child)).config.digest;
    const foreign = sha256("foreign");
    const { status, found } = await compare(
      spec,
      [deployment("app", `${spec}@${digest}`)],
      [
        pod("a", spec, `${repository}@${child}`),
        pod("b", spec, config),
        pod("c", spec, config.replace("sha256:", "")),
        pod("d", "mirror.example/app:1", `mirror.example/app@${digest}`),
        pod("e", spec, `${repository}@${foreign}`),
        pod("f", spec, foreign),
      ],
    );
    assert.equal(status, 1);
    assert.deepEqual(found.slice(1), [
      `proven: a/main runs ${child}, which is of ${digest}`,
      `proven: b/main runs ${config}, which is of ${digest}`,
      `proven: c/main runs ${config}, which is of ${digest}`,
      `proven: d/main runs ${digest}`,
      `contradicted: e/main runs another image: ${foreign}`,
      `contradicted: f/main runs another image: ${foreign}`,
    ]);
  });

  it("looks at sidecars and ephemeral containers, and says what it does not understand", async () => {
    const { repository, spec, digest } = await published();
    const whole = {
      metadata: { name: "a" },
      spec: {
        containers: [{ name: "main", image: "busybox" }],
        initContainers: [{ name: "side", image: spec, restartPolicy: "Always" }],
        ephemeralContainers: [{ name: "debug", image: spec }],
      },
      status: {
        phase: "Running",
        initContainerStatuses: [{ name: "side", imageID: `${repository}@${digest}` }],
        ephemeralContainerStatuses: [{ name: "debug", imageID: `${repository}@${sha256("other")}` }],
      },
    };
    const { status, found } = await compare(
      spec,
      [deployment("app", spec)],
      [whole, { metadata: { name: "b" }, spec: 7 }],
    );
    assert.equal(status, 1);
    assert.deepEqual(found.slice(1, 3), [
      `proven: a/side runs ${digest}`,
      `contradicted: a/debug runs another image: ${sha256("other")}`,
    ]);
    assert.match(found[3] ?? "", /^unproven: can't tell what b runs: /);
  });

  describe("of all that a namespace runs", () => {
    interface Entry {
      reference: string;
      consistent: boolean;
      error?: { code: string };
      checks?: { name: string; result: string; message: string }[];
    }

    /** What is said of each image: its containers' checks, or the error. */
    async function compareAll(deployments: object[], pods: object[], ...argv: string[]) {
      const { file } = await apiServer({
        [DEPLOYMENTS]: json({ items: deployments }),
        [PODS]: json({ items: pods }),
      });
      const { status, json: answer } = await cliJson(["verify", "--all", "--kubeconfig", file, ...argv]);
      return {
        status,
        error: answer.error,
        found: ((answer.images ?? []) as Entry[]).map(({ reference, consistent, error, checks = [] }) => ({
          reference,
          consistent,
          said:
            error?.code ??
            checks
              .filter(({ name }) => name === "deployment" || name === "pod")
              .map(({ result, message }) => `${result}: ${message}`),
        })),
      };
    }

    it("looks at each image that Deployments and pods name, with the containers that name it", async () => {
      const { repository, tag, spec, digest } = await published();
      const reference = `${spec}@${digest}`;
      const { status, found } = await compareAll(
        [deployment("app", reference), deployment("second", reference)],
        [
          pod("app-1", reference, `${repository}@${digest}`),
          pod("job-1", `${repository}:${tag}`, `${repository}@${digest}`),
        ],
      );
      assert.equal(status, 0);
      assert.deepEqual(found, [
        { reference: spec, consistent: true, said: [`proven: job-1/main runs ${digest}`] },
        {
          reference,
          consistent: true,
          said: [
            `proven: app/main is pinned to ${digest}`,
            `proven: second/main is pinned to ${digest}`,
            `proven: app-1/main runs ${digest}`,
          ],
        },
      ]);
    });

    it("finds out what runs something else, and what can't be verified", async () => {
      const { repository, spec, digest } = await published();
      const other = sha256("other");
      const { status, found } = await compareAll(
        [deployment("app", spec), deployment("bad", "NOT AN IMAGE")],
        [pod("a", spec, `${repository}@${other}`), pod("b", repository, `${repository}@${digest}`)],
      );
      assert.equal(status, 1);
      assert.deepEqual(found, [
        {
          reference: spec,
          consistent: false,
          said: [
            `unproven: app/main names ${spec} without a digest: what it runs can change`,
            `contradicted: a/main runs another image: ${other}`,
          ],
        },
        { reference: `${repository}:latest`, consistent: false, said: "ImageNotFound" },
        { reference: "NOT AN IMAGE", consistent: false, said: "InvalidArgument" },
      ]);
    });

    it("looks at the images of some repositories alone, where they are named", async () => {
      const { repository, spec, digest } = await published();
      const others = ["busybox", `${repository}-other:1`, "NOT AN IMAGE"].map((image) => deployment("x", image));
      const pods = [pod("a", spec, `${repository}@${digest}`)];
      const host = repository.slice(0, repository.indexOf("/"));
      assert.deepEqual(
        (await compareAll(others, pods, "--repository", repository)).found.map(({ reference }) => reference),
        [spec],
      );
      assert.deepEqual(
        (await compareAll(others, pods, "--repository", host)).found.map(({ reference }) => reference),
        [`${repository}-other:1`, spec],
      );
    });

    it("is an error where the namespace runs nothing of it", async () => {
      const nothing = await compareAll([], []);
      assert.deepEqual(
        [nothing.status, nothing.error],
        [1, { code: "ImageNotFound", message: "The namespace web runs no image: there is nothing to verify." }],
      );
      const none = await compareAll([deployment("x", "busybox")], [], "--repository", "a.b", "--repository", "c.d");
      assert.equal(none.error.message, "The namespace web runs no image of a.b or c.d: there is nothing to verify.");
    });
  });

  it("asks for the namespace that is named, with the kubeconfig's credentials", async () => {
    const { server, file } = await apiServer({
      "/apis/apps/v1/namespaces/other/deployments": json({ items: [] }),
      "/api/v1/namespaces/other/pods": json({ items: [] }),
    });
    const workloads = await readWorkloads({ kubeconfig: file, namespace: "other" });
    assert.deepEqual(workloads, { namespace: "other", deployed: [], running: [], odd: [] });
    assert.deepEqual(
      server.seen.map(({ authorization }) => authorization),
      Array(4).fill(`Bearer ${CANARY}`),
    );
  });

  it("finds the kubeconfig as kubectl does", async () => {
    const { file } = await apiServer({ [DEPLOYMENTS]: json({ items: [] }), [PODS]: json({ items: [] }) });
    process.env.KUBECONFIG = file;
    assert.deepEqual(await readWorkloads({}), { namespace: "web", deployed: [], running: [], odd: [] });
  });

  it("says what the API server refuses, without a secret", async () => {
    const words = 'pods is forbidden: User "x" cannot list resource "pods"';
    const { server, file } = await apiServer({
      [DEPLOYMENTS]: json({ items: [] }),
      [PODS]: {
        status: 403,
        headers: { "content-type": "application/json" },
        body: { kind: "Status", message: words },
      },
    });
    assert.equal(
      await errorOf("ClusterFailed", () => readWorkloads({ kubeconfig: file })),
      `http://${server.host} did not say what namespace web runs: HTTP 403, ${words}. Check that the same works ` +
        "with kubectl.",
    );
  });

  it("asks in plain text on this machine, without credentials unless the kubeconfig does without checks", async () => {
    const { server } = await apiServer({ [DEPLOYMENTS]: json({ items: [] }), [PODS]: json({ items: [] }) });
    const file = kubeconfig(`http://${server.host}`, {});
    assert.deepEqual(await readWorkloads({ kubeconfig: file }), {
      namespace: "web",
      deployed: [],
      odd: [],
      running: [],
    });
    assert.deepEqual(
      server.seen.map(({ authorization }) => authorization),
      Array(4).fill(undefined),
    );
  });

  const broken: [what: string, answer: Reply, message: RegExp][] = [
    ["no Status", { status: 502, body: "<html>" }, / runs: HTTP 502\. /],
    ["something that is not HTTP", "garbage", / runs: fetch failed: /],
    ["nothing", "close", / runs: fetch failed: /],
    ["no answer in time", "hang", / runs: no answer within 0\.2 seconds\. /],
  ];
  for (const [what, answer, message] of broken) {
    it(`is an error where the API server gives ${what}`, async () => {
      const { file } = await apiServer({ [DEPLOYMENTS]: answer, [PODS]: answer });
      const found = await errorOf("ClusterFailed", () => readWorkloads({ kubeconfig: file }, 200));
      assert.match(found, message);
      assert.ok(!found.includes(CANARY), found);
    });
  }

  it("is an error where the kubeconfig is missing, broken or names no cluster", async () => {
    const missing = home("missing");
    const ask = (kubeconfig?: string) =>
      errorOf("ClusterFailed", () => readWorkloads({ kubeconfig, namespace: "web" }));
    assert.match(await ask(missing), new RegExp(`^The kubeconfig ${missing} can't be read: ENOENT`));
    const file = home("broken");
    writeFileSync(file, "a: [");
    assert.match(await ask(file), new RegExp(`^The kubeconfig ${file} can't be read: `));
    writeFileSync(file, "{}");
    assert.match(await ask(file), /^No cluster is configured\. /);
    delete process.env.KUBECONFIG;
    process.env.HOME = home();
    assert.match(await ask(), /^No cluster is configured\. /);
  });
});
