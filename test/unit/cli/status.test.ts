import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { which } from "../../../scripts/setup/run";
import { fakeRegistries, type Reply } from "../../support/fakeRegistry";
import { cli, cliJson, DIRTY, digestOf, labelsOf, repositories, sha256, shelf, sourceLabelsOf } from "./setup";

describe("versioned-image status", () => {
  const { withImage } = repositories();
  const start = fakeRegistries();
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), "kube-"));
  });

  afterEach(() => rmSync(home, { recursive: true }));

  /** A kubeconfig with a context for each server; each server lists pods and Deployments by namespace. */
  async function clusters(
    lists: Record<string, Record<string, { pods?: object[]; deployments?: object[]; replicasets?: object[] } | Reply>>,
  ): Promise<string> {
    const servers = await Promise.all(
      Object.entries(lists).map(async ([name, namespaces]) => {
        const server = await start(({ url }) => {
          const [, namespace = "", kind = ""] = /\/namespaces\/([^/]+)\/(\w+)/.exec(url) ?? [];
          const found = namespaces[namespace];
          if (typeof found === "string" || (found && "status" in found)) {
            return found;
          }
          const items = (found as Record<string, object[]> | undefined)?.[kind] ?? [];
          return { status: 200, headers: { "content-type": "application/json" }, body: { metadata: {}, items } };
        });
        return { name, server: `http://${server.host}` };
      }),
    );
    const file = path.join(home, "config");
    writeFileSync(
      file,
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": servers[0]?.name,
        contexts: servers.map(({ name }) => ({ name, context: { cluster: name, user: "me", namespace: "web" } })),
        clusters: servers.map(({ name, server }) => ({ name, cluster: { server, "insecure-skip-tls-verify": true } })),
        users: [{ name: "me", user: { token: "canary" } }],
      }),
    );
    return file;
  }

  const pod = (name: string, image: string, imageID: string | undefined) => ({
    metadata: { name, ownerReferences: [{ kind: "ReplicaSet", uid: "set" }] },
    spec: { containers: [{ name: "main", image }] },
    status: {
      phase: "Running",
      containerStatuses: [{ name: "main", imageID, state: { running: { startedAt: "2024-01-01T12:00:00Z" } } }],
    },
  });

  const deployment = (image: string) => ({
    metadata: { name: "app", uid: "deployment" },
    spec: { template: { spec: { containers: [{ name: "main", image }] } } },
  });

  /** The ReplicaSet between the two. */
  const replicasets = [{ metadata: { uid: "set", ownerReferences: [{ kind: "Deployment", uid: "deployment" }] } }];

  /** Three versions of images/app, each published, and a debug image of the last. */
  async function example() {
    const made = withImage();
    const commits = [made.head()];
    for (const name of ["two", "three"]) {
      made.write("images/app/main", name).add().commit(`Say ${name}`);
      made.write("elsewhere", name).add().commit("Elsewhere");
      commits.push(made.git("rev-parse", "HEAD~1"));
    }
    const shelved = commits.map((commit) => ({
      tags: [commit.slice(0, 7)],
      labels: labelsOf(made, commit, "images/app"),
    }));
    const last = commits[2] ?? "";
    const debug = {
      tags: [`${last.slice(0, 7)}-debug`],
      labels: { ...labelsOf(made, last, "images/app"), [DIRTY]: "true" },
    };
    const registry = await start(shelf([...shelved, debug]));
    const repository = `${registry.host}/app`;
    const images = await Promise.all(
      [...shelved, debug].map(async ({ tags: [tag = ""] }) => {
        const digest = await digestOf(registry, tag);
        return { tag, digest, reference: `${repository}:${tag}@${digest}`, imageID: `${repository}@${digest}` };
      }),
    );
    return { made, commits, repository, images: images as [Image, Image, Image, Image] };
  }

  interface Image {
    tag: string;
    digest: string;
    reference: string;
    imageID: string;
  }

  it("goes by what an image's labels say that it is made of, unless options say it", async () => {
    const made = withImage().write("lib/a", "a").write("images/base/Dockerfile", "FROM scratch\n").add().commit("Add");
    const first = made.head();
    made.write("images/base/x", "x").add().commit("Touch the base").write("lib/a", "b").add().commit("Touch lib");
    const bases = { BASE: { reference: "h.example/base:1@sha256:d", covers: ["images/base"] } };
    const labels = sourceLabelsOf(made, first, "images/app", ["images/app", "lib"], bases);
    const registry = await start(shelf([{ tags: ["t"], labels }]));
    const image = `${registry.host}/app:t`;
    const imageID = `${registry.host}/app@${await digestOf(registry, "t")}`;
    const file = await clusters({ one: { web: { pods: [pod("app-1", image, imageID)] } } });
    const { status, json } = await cliJson(["status", "images/app", "--kubeconfig", file]);
    assert.equal(status, 0, JSON.stringify(json, undefined, 1));
    const [{ newest, running }] = json.images;
    assert.deepEqual([newest.hash, running[0].behind, running[0].verified], [made.head(), 2, true]);
    const told = await cliJson(["status", "images/app", "--kubeconfig", file, "--base", "BASE=images/base"]);
    assert.deepEqual(
      [told.json.images[0].newest.subject, told.json.images[0].running, told.json.others[0].why],
      ["Touch the base", [], "none of these images"],
    );
  });

  it("shows the version that pods run in each place, and how far behind it is", async () => {
    const { commits, images } = await example();
    const [first, , third] = images;
    const file = await clusters({
      staging: {
        web: {
          pods: [pod("app-1", third.reference, third.imageID), pod("app-2", third.reference, third.imageID)],
          deployments: [deployment(third.reference)],
        },
      },
      production: {
        web: { pods: [pod("app-1", first.reference, first.imageID)], deployments: [deployment(first.reference)] },
      },
    });
    const flags = ["--kubeconfig", file, "--kube-context", "staging", "--kube-context", "production"];
    const { status, json } = await cliJson(["status", "images/app", ...flags]);
    assert.equal(status, 0, JSON.stringify(json, undefined, 1));
    const [{ context, newest, running }] = json.images;
    assert.deepEqual([context, newest.hash], ["images/app", commits[2]]);
    assert.deepEqual(
      running.map((image: Record<string, unknown>) => [
        image.cluster,
        image.namespace,
        image.tag,
        image.behind,
        image.ahead,
        image.verified,
        image.debug,
        image.pods,
        image.since,
      ]),
      [
        ["production", "web", first.tag, 2, 0, true, false, ["app-1/main"], "2024-01-01T12:00:00.000Z"],
        ["staging", "web", third.tag, 0, 0, true, false, ["app-1/main", "app-2/main"], "2024-01-01T12:00:00.000Z"],
      ],
    );
    const { out } = await cli(["status", "images/app", ...flags]);
    assert.match(out, /^images\/app: newest version [0-9a-f]{7} "Say three"\n/);
    assert.match(out, new RegExp(`production/web +${first.tag} .* 2 behind +1 day ago +1 +verified\\n`));
    assert.match(out, new RegExp(`staging/web +${third.tag} .* newest +1 day ago +2 +verified\\n`));
    const back = await cliJson(["status", "images/app", ...flags, "--branch", commits[1] ?? ""]);
    assert.deepEqual(
      back.json.images[0].running.map(({ behind, ahead }: Record<string, unknown>) => [behind, ahead]),
      [
        [1, 0],
        [0, 1],
      ],
    );
  });

  it("says no of debug images, and of pods that run another image than their Deployment names", async () => {
    const { images } = await example();
    const [first, second, , debug] = images;
    const file = await clusters({
      one: {
        web: {
          pods: [pod("old", first.reference, first.imageID), pod("debug", debug.reference, debug.imageID)],
          deployments: [deployment(second.reference)],
          replicasets,
        },
      },
    });
    const { status, json } = await cliJson(["status", "images/app", "--kubeconfig", file]);
    assert.equal(status, 1);
    const byTag = Object.fromEntries(json.images[0].running.map((image: { tag: string }) => [image.tag, image]));
    assert.deepEqual(byTag[first.tag].differing, ["old/main"]);
    assert.deepEqual([byTag[debug.tag].debug, byTag[debug.tag].verified], [true, false]);
  });

  it("goes by what the runtime says and not by the name, and names what it can't tell", async () => {
    const { repository, images } = await example();
    const [first, , third] = images;
    const file = await clusters({
      one: {
        web: {
          pods: [
            pod("moved", `${repository}:latest`, first.imageID),
            pod("new", third.reference, undefined),
            pod("strange", `${repository}:x`, `${repository}@sha256:${"0".repeat(64)}`),
          ],
        },
      },
    });
    const { json } = await cliJson(["status", "images/app", "--kubeconfig", file]);
    assert.deepEqual(
      json.images[0].running.map(({ digest, pods }: Record<string, unknown>) => [digest, pods]),
      [[first.digest, ["moved/main"]]],
    );
    assert.deepEqual(
      json.others
        .map(({ pods, why }: { pods: string[]; why: string }) => [pods, /^it has not|\[ImageNotFound\]$/.test(why)])
        .sort(),
      [
        [["new/main"], true],
        [["strange/main"], true],
      ],
    );
  });

  /** What is said where these pods run in a namespace that has this Deployment. */
  async function shown(pods: object[], named?: string, ...flags: string[]) {
    const deployments = named === undefined ? [] : [deployment(named)];
    const file = await clusters({ one: { web: { pods, deployments, replicasets } } });
    const { status, json } = await cliJson(["status", "images/app", "--kubeconfig", file, ...flags]);
    assert.equal(json.error, undefined, json.error?.message);
    return {
      status,
      running: json.images[0].running.flatMap((image: { pods: string[] }) => image.pods),
      differing: json.images[0].running.flatMap((image: { differing: string[] }) => image.differing),
      others: json.others.map((other: { why: string; suspect: boolean }) => [other.why, other.suspect]),
    };
  }

  it("takes the digest for what runs, whatever the runtime calls its repository", async () => {
    const { images } = await example();
    const [first] = images;
    const mirror = `mirror.invalid/cache/app@${first.digest}`;
    assert.deepEqual(await shown([pod("a", first.reference, mirror)]), {
      status: 0,
      running: ["a/main"],
      differing: [],
      others: [],
    });
  });

  it("finds an image by its configuration, of which CRI-O and containerd may know no more", async () => {
    const { repository, images } = await example();
    const [first] = images;
    const answer = await fetch(`http://${repository.replace("/app", "/v2/app")}/manifests/${first.digest}`);
    const { config } = (await answer.json()) as { config: { digest: string } };
    const digits = config.digest.replace("sha256:", "");
    const pods = [
      pod("crio", `${repository}:latest`, digits),
      pod("containerd", `${repository}:latest`, config.digest),
      pod("manifest", `${repository}:latest`, first.digest),
      pod("pinned", first.reference, digits),
      pod("docker", first.reference, `docker-pullable://${first.imageID}`),
    ];
    const { status, running, others } = await shown(pods);
    assert.deepEqual([status, others], [0, []]);
    assert.deepEqual(running.sort(), ["containerd/main", "crio/main", "docker/main", "manifest/main", "pinned/main"]);
  });

  it("says no of whatever of the images' repositories can't be looked at or says nothing of its origin", async () => {
    const { repository } = await example();
    const stranger = await start(shelf([{ tags: ["x"] }]));
    const lacking = sha256("lacking");
    const waiting = {
      ...pod("new", `${repository}:gone`, ""),
      status: {
        phase: "Pending",
        containerStatuses: [{ name: "main", imageID: "", state: { waiting: { reason: "ImagePullBackOff" } } }],
      },
    };
    for (const [what, one, why] of [
      [
        "unlabelled",
        pod("a", `${stranger.host}/app:x`, `${stranger.host}/app@${await digestOf(stranger, "x")}`),
        /^none of these/,
      ],
      ["lacking", pod("a", `${repository}:x`, `${repository}@${lacking}`), /\[ImageNotFound\]$/],
      ["bare and lacking", pod("a", `${repository}:x`, lacking), /\[ImageNotFound\]$/],
      [
        "of a registry that is down",
        pod("a", "127.0.0.1:1/app:x", `127.0.0.1:1/app@${lacking}`),
        /\[RegistryUnavailable\]$/,
      ],
      ["not started", waiting, /^it has not started: ImagePullBackOff$/],
      [
        "not understood",
        pod("a", `${repository}:x`, "strange"),
        /^its runtime says what it runs in words that are not understood: strange$/,
      ],
    ] as const) {
      const { status, running, others } = await shown([one]);
      assert.deepEqual([status, running, others.length], [1, [], 1], what);
      assert.match(others[0][0], why);
      assert.equal(others[0][1], true, what);
    }
    const odd = { metadata: { name: "odd" }, spec: { containers: "none" }, status: { phase: "Running" } };
    const found = await shown([odd]);
    assert.deepEqual(found, {
      status: 1,
      running: [],
      differing: [],
      others: [["not understood: containers is no list", true]],
    });
  });

  it("says no of an image of which a manifest is no JSON, and shows the others", async () => {
    const { images } = await example();
    const [first] = images;
    const broken = await start(({ url }) => {
      const type = url.endsWith(sha256("broken")) ? "manifest.v1" : "index.v1";
      const manifests = [{ digest: sha256("broken"), size: 6, platform: { os: "linux", architecture: "amd64" } }];
      const body = type === "index.v1" ? JSON.stringify({ schemaVersion: 2, manifests }) : "broken";
      const headers = {
        "content-type": `application/vnd.oci.image.${type}+json`,
        "docker-content-digest": sha256(body),
      };
      return { status: 200, headers, body };
    });
    const index = await fetch(`http://${broken.host}/v2/app/manifests/x`);
    const digest = index.headers.get("docker-content-digest");
    const { status, running, others } = await shown([
      pod("a", first.reference, first.imageID),
      pod("b", `${broken.host}/app:x`, `${broken.host}/app@${digest}`),
    ]);
    assert.deepEqual([status, running, others.length], [1, ["a/main"], 1]);
    assert.match(others[0][0], /\[RegistryProtocol\]$/);
  });

  it("shows what could not be told in the table and on the page, and does not say that nothing runs", async () => {
    const { repository } = await example();
    const file = await clusters({
      one: { web: { pods: [pod("a", `${repository}:x`, `${repository}@${sha256("x")}`)] } },
    });
    const html = path.join(home, "status.html");
    const { status, out } = await cli(["status", "images/app", "--kubeconfig", file, "--html", html]);
    assert.equal(status, 1);
    const page = readFileSync(html, "utf8");
    for (const text of [out, page]) {
      assert.doesNotMatch(text, /It runs nowhere/);
      assert.ok(text.includes(`${repository}@${sha256("x")}`), text);
    }
    assert.match(page, /<li class="bad"><code>/);
  });

  it("leaves what is of other repositories to others", async () => {
    const { images } = await example();
    const [first] = images;
    const redis = pod("redis", "127.0.0.1:1/redis:7", `127.0.0.1:1/redis@${sha256("redis")}`);
    const { status, others } = await shown([pod("a", first.reference, first.imageID), redis]);
    assert.deepEqual([status, others.length, others[0][1]], [0, 1, false]);
  });

  it("sees sidecars, ephemeral containers and image volumes", async () => {
    const { images } = await example();
    const [first, second, third] = images;
    const running = (name: string, { imageID }: Image) => ({ name, imageID, state: { running: {} } });
    const all = {
      metadata: { name: "a" },
      spec: {
        containers: [{ name: "main", image: first.reference }],
        initContainers: [{ name: "side", image: second.reference, restartPolicy: "Always" }],
        ephemeralContainers: [{ name: "look", image: third.reference }],
        volumes: [
          { name: "files", image: { reference: third.reference } },
          { name: "tmp", emptyDir: {} },
        ],
      },
      status: {
        phase: "Running",
        containerStatuses: [running("main", first)],
        initContainerStatuses: [running("side", second)],
        ephemeralContainerStatuses: [running("look", third)],
      },
    };
    const found = await shown([all]);
    assert.deepEqual([found.status, found.others], [0, []]);
    assert.deepEqual(found.running.sort(), ["a/files", "a/look", "a/main", "a/side"]);
  });

  it("sees a container that the pod's status has and its specification lacks", async () => {
    const { images } = await example();
    const [first, second] = images;
    const one = pod("a", first.reference, first.imageID);
    const stray = { name: "stray", image: second.reference, imageID: second.imageID, state: { running: {} } };
    const status = { ...one.status, ephemeralContainerStatuses: [stray] };
    assert.deepEqual((await shown([{ ...one, status }])).running.sort(), ["a/main", "a/stray"]);
  });

  it("goes by what the runtime says of an image volume, and of a pinned one by that once a container has started", async () => {
    const { repository, images } = await example();
    const [first, second] = images;
    const volume = (reference: string, main: object) => ({
      metadata: { name: "a" },
      spec: {
        containers: [{ name: "main", image: first.reference }],
        volumes: [{ name: "files", image: { reference } }],
      },
      status: { phase: "Running", containerStatuses: [{ name: "main", imageID: first.imageID, ...main }] },
    });
    const state = { running: {} };
    const said = (imageRef: string) => ({
      state,
      volumeMounts: [{ name: "files", volumeStatus: { image: { imageRef } } }],
    });
    const moved = await shown([volume(`${repository}:moved`, said(second.imageID))]);
    assert.deepEqual([moved.status, moved.running.sort()], [0, ["a/files", "a/main"]]);
    const other = await shown([volume(second.reference, said(`${repository}@${sha256("other")}`))]);
    assert.deepEqual([other.status, other.running], [1, ["a/main"]]);

    const waiting = { imageID: "", state: { waiting: { reason: "ImagePullBackOff" } } };
    const pulling = await shown([volume(second.reference, waiting)]);
    assert.deepEqual([pulling.status, pulling.running, pulling.others.length], [1, [], 2]);
  });

  it("takes the same digest for the same, however a webhook has written it", async () => {
    const { repository, images } = await example();
    const [first, second] = images;
    const pinned = `${repository}@${first.digest}`;
    for (const [used, named] of [
      [pinned, first.reference],
      [first.reference, pinned],
      [pinned, `${repository}:${first.tag}`],
      [first.reference, `${repository}:${first.tag}`],
      [`mirror.invalid/app@${first.digest}`, first.reference],
    ] as const) {
      const { status, differing } = await shown([pod("a", used, first.imageID)], named);
      assert.deepEqual([status, differing], [0, []], `${used} and ${named}`);
    }
    for (const named of [second.reference, `${repository}:${second.tag}`, `${repository}:none`, "NOT AN IMAGE"]) {
      const { status, differing } = await shown([pod("a", first.reference, first.imageID)], named);
      assert.deepEqual([status, differing], [1, ["a/main"]], named);
    }
  });

  it("is an error where a cluster does not answer or forbids it, or where the branch is not there", async () => {
    await example();
    for (const reply of ["close", { status: 403, body: { kind: "Status", message: "pods is forbidden" } }] as Reply[]) {
      const file = await clusters({ one: { web: reply } });
      const { status, json } = await cliJson(["status", "images/app", "--kubeconfig", file]);
      assert.deepEqual([status, json.error.code], [1, "ClusterFailed"]);
    }
    const { json } = await cliJson(["status", "images/app", "--branch", "none", "--kubeconfig", "/nonexistent"]);
    assert.equal(json.error.code, "InvalidArgument");
  });

  it("writes a page that needs nothing else, and in which others' words are text", async () => {
    const { made, images } = await example();
    made.write("images/app/main", "x").add().commit('<script>alert(1)</script> & "more"');
    const [first, second] = images;
    const file = await clusters({
      'a<b>"': { web: { pods: [pod("app-1", first.reference, first.imageID)] } },
      other: { web: { pods: [pod("app-1", second.reference, second.imageID)] } },
    });
    const html = path.join(home, "status.html");
    await cli([
      ...[
        "status",
        "images/app",
        "--kubeconfig",
        file,
        "--kube-context",
        'a<b>"',
        "--kube-context",
        "other",
        "--html",
        html,
      ],
    ]);
    const page = readFileSync(html, "utf8");
    assert.doesNotMatch(page, /<script|https?:|src=|url\(|@import|\son[a-z]+=/);
    assert.match(page, /&#60;script&#62;alert\(1\)&#60;\/script&#62; &#38; &#34;more&#34;/);
    assert.match(page, /aria-label="images\/app: a&#60;b&#62;&#34;\/web: 3 behind; other\/web: 2 behind"/);
    assert.match(page, /<html lang="en">/);
    assert.match(page, /prefers-color-scheme: dark/);
    assert.equal(page.match(/<circle /g)?.length, 2);
    const chromium = which("chromium") ?? which("google-chrome");
    if (!chromium) {
      console.log("      not looked at in a browser: there is no chromium on PATH");
      return;
    }
    const flags = [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      `--user-data-dir=${path.join(home, "chromium")}`,
      "--dump-dom",
    ];
    const shown = execFileSync(chromium, [...flags, `file://${html}`], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    assert.match(shown, /<td>3 behind<\/td>/);
    assert.equal(shown.match(/<circle /g)?.length, 2);
  });
});
