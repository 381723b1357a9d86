import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { which } from "../../../scripts/setup/run";
import { kubeconfigOf } from "../../support/apiServer";
import { fakeRegistries, type Reply } from "../../support/fakeRegistry";
import { folderOfEach } from "../../support/folder";
import { shared } from "../../support/repo";
import { shortPauses } from "../../support/shortPauses";
import {
  cli,
  cliJson,
  DIRTY,
  digestOf,
  imageRepository,
  labelsOf,
  repositories,
  sha256,
  shelf,
  sourceLabelsOf,
  TREE,
  treeOfPaths,
} from "./setup";

/** Three versions of images/app, each with a commit elsewhere after it. */
const versions = shared(() => {
  const made = imageRepository();
  for (const name of ["two", "three"]) {
    made.write("images/app/main", name).add().commit(`Say ${name}`);
    made.write("elsewhere", name).add().commit("Elsewhere");
  }
  return made;
});

describe("versioned-image status", () => {
  const { withImage, enter, keep } = repositories();
  const start = fakeRegistries();
  shortPauses();
  const home = folderOfEach();

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
    const file = home("config");
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

  /** `versions`, each published, and a debug image of the last. `made`: a copy, for a test that goes on from there. */
  async function example(made = versions()) {
    enter(made);
    const commits = made.git("log", "--reverse", "--format=%H", "--", "images/app").split("\n");
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
    assert.deepEqual([newest.hash, running[0].behind, running[0].consistent], [made.head(), 2, true]);
    const told = await cliJson(["status", "images/app", "--kubeconfig", file, "--base", "BASE=images/base"]);
    // It is of this image's directory, and not of what the options say that this image is made of.
    const { why, suspect } = told.json.others[0];
    assert.deepEqual(
      [told.status, told.json.images[0].newest.subject, told.json.images[0].running, suspect, why],
      [1, "Touch the base", [], true, `built from images/app, images/base, lib at ${first.slice(0, 7)} "Add"`],
    );
  });

  it("counts what touches an image that is made of more than the newest one of its directory", async () => {
    const made = withImage();
    const first = made.head();
    made.write("images/app/Dockerfile", "FROM scratch\n# \n").add().commit("The Dockerfile");
    const second = made.head();
    made.write("images/app/main", "two").add().commit("The rest");
    const registry = await start(
      shelf([
        { tags: ["all"], labels: sourceLabelsOf(made, first, "images/app", ["images/app"]) },
        { tags: ["part"], labels: partOf(second) },
      ]),
    );
    const pods = await Promise.all(
      ["all", "part"].map(async (tag) =>
        pod(tag, `${registry.host}/app:${tag}`, `${registry.host}/app@${await digestOf(registry, tag)}`),
      ),
    );
    const file = await clusters({ one: { web: { pods } } });
    const { status, json } = await cliJson(["status", "images/app", "--kubeconfig", file]);
    assert.deepEqual(
      [status, json.images[0].running.map(({ tag, behind }: { tag: string; behind: number }) => [tag, behind]).sort()],
      [
        0,
        [
          ["all", 2],
          ["part", 0],
        ],
      ],
      JSON.stringify(json, undefined, 1),
    );

    /** Of the Dockerfile alone. */
    function partOf(commit: string) {
      const files = ["images/app/Dockerfile"];
      return { ...sourceLabelsOf(made, commit, "images/app", files), [TREE]: treeOfPaths(made, commit, files) };
    }
  });

  it("is an error where nothing runs in a namespace that the cluster does not have, or of which that is not known", async () => {
    withImage();
    for (const [answer, words] of [
      [
        { status: 404, body: { kind: "Status", reason: "NotFound" } },
        /^The cluster one has no namespace wbe\. Name an existing one/,
      ],
      [{ status: 403, body: {} }, /lists nothing in the namespace wbe, and did not say whether it exists: HTTP 403/],
    ] as const) {
      const { host } = await start(({ url }) =>
        url.endsWith("/namespaces/wbe") ? answer : { status: 200, body: { metadata: {}, items: [] } },
      );
      const file = home("config");
      writeFileSync(file, kubeconfigOf(host, "one"));
      const { status, json } = await cliJson(["status", "images/app", "--kubeconfig", file, "--namespace", "wbe"]);
      assert.deepEqual([status, json.error?.code], [1, "ClusterFailed"], JSON.stringify(json));
      assert.match(json.error.message, words);
    }
  });

  it("shows the version that pods run in each place, and how far behind it is", async () => {
    const { commits, images } = await example();
    const [first, , third] = images;
    const file = await clusters({
      staging: {
        web: {
          pods: [pod("app-1", third.reference, third.imageID), pod("app-2", third.reference, third.imageID)],
          deployments: [deployment(third.reference)],
          replicasets,
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
        image.consistent,
        image.debug,
        image.pods,
        image.workloads,
        image.since,
      ]),
      [
        ["production", "web", first.tag, 2, 0, true, false, ["app-1/main"], ["app-1"], "2024-01-01T12:00:00.000Z"],
        [
          "staging",
          "web",
          third.tag,
          0,
          0,
          true,
          false,
          ["app-1/main", "app-2/main"],
          ["app"],
          "2024-01-01T12:00:00.000Z",
        ],
      ],
    );
    const { out } = await cli(["status", "images/app", ...flags]);
    assert.match(out, /^images\/app: newest version [0-9a-f]{7} "Say three"\n/);
    assert.match(out, new RegExp(`production/web +${first.tag} .* 2 behind +1 day ago +1 +consistent\\n`));
    assert.match(out, new RegExp(`staging/web +${third.tag} .* newest +1 day ago +2 +consistent\\n`));
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
    assert.deepEqual([byTag[debug.tag].debug, byTag[debug.tag].consistent], [true, false]);
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

  /** All that is said of pods of one namespace: as JSON, as text, and as a page. */
  async function whole(pods: object[], ...flags: string[]) {
    const html = home("status.html");
    const file = await clusters({ one: { web: { pods } } });
    const argv = ["status", "images/app", "--kubeconfig", file, "--html", html, ...flags];
    const { out } = await cli(argv);
    return { ...(await cliJson(argv)), out, html };
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
    const waiting = {
      ...pod("new", `${repository}:gone`, ""),
      status: {
        phase: "Pending",
        containerStatuses: [{ name: "main", imageID: "", state: { waiting: { reason: "ImagePullBackOff" } } }],
      },
    };
    const cases: [pod: object, why: RegExp][] = [
      [
        pod("unlabelled", `${stranger.host}/app:x`, `${stranger.host}/app@${await digestOf(stranger, "x")}`),
        /^none of these/,
      ],
      [pod("lacking", `${repository}:x`, `${repository}@${sha256("lacking")}`), /\[ImageNotFound\]$/],
      [pod("bare", `${repository}:x`, sha256("bare")), /\[ImageNotFound\]$/],
      [pod("down", "127.0.0.1:1/app:x", `127.0.0.1:1/app@${sha256("down")}`), /\[RegistryUnavailable\]$/],
      [waiting, /^it has not started: ImagePullBackOff$/],
      [pod("strange", `${repository}:x`, "strange"), /^its runtime reports an unknown image ID: strange$/],
      [
        { metadata: { name: "odd" }, spec: { containers: "none" }, status: { phase: "Running" } },
        /^not understood: containers is not a list$/,
      ],
    ];
    const { status, running, others } = await shown(cases.map(([one]) => one));
    assert.deepEqual([status, running, others.length], [1, [], cases.length]);
    for (const [one, why] of cases) {
      const said = others.filter(([words]: [string]) => why.test(words));
      assert.equal(said.length, String(why).includes("ImageNotFound") ? 2 : 1, JSON.stringify([one, others]));
      assert.ok(
        said.every(([, suspect]: [string, boolean]) => suspect),
        JSON.stringify(said),
      );
    }
    assert.deepEqual([(await shown([waiting])).status, (await shown([cases[0]?.[0] as object])).status], [1, 1]);
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
    const html = home("status.html");
    const { status, out } = await cli(["status", "images/app", "--kubeconfig", file, "--html", html]);
    assert.equal(status, 1);
    const page = readFileSync(html, "utf8");
    for (const text of [out, page]) {
      assert.doesNotMatch(text, /It does not run anywhere/);
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

  it("shows what another directory was built into, and says no where one of the images should be", async () => {
    const { made, repository } = await example(keep(versions().copy()));
    made.write("images/other/Dockerfile", "FROM scratch\n").add().commit("Add another");
    const images = [{ tags: ["other"], labels: labelsOf(made, made.head(), "images/other") }];
    const registry = await start(shelf(images));
    const other = pod("a", `${registry.host}/app:other`, `${registry.host}/app@${await digestOf(registry, "other")}`);
    const why = `built from images/other at ${made.head().slice(0, 7)} "Add another"`;
    for (const flags of [[], ["--repository", `${registry.host}/app`]]) {
      const found = await shown([other], undefined, ...flags);
      assert.deepEqual(found, { status: 1, running: [], differing: [], others: [[why, true]] });
    }
    const file = await clusters({ one: { web: { pods: [other] } } });
    const both = await cliJson(["status", "images/app", "images/other", "--kubeconfig", file]);
    assert.deepEqual([both.status, both.json.others], [0, []]);
    assert.notEqual(registry.host, repository);
  });

  it("leaves an image that is in a repository of its own directory's name to itself", async () => {
    const { made } = await example(keep(versions().copy()));
    made.write("more/app/Dockerfile", "FROM busybox\n").add().commit("Add another");
    const registry = await start(shelf([{ tags: ["x"], labels: labelsOf(made, made.head(), "more/app") }]));
    const { status, others } = await shown([
      pod("a", `${registry.host}/app:x`, `${registry.host}/app@${await digestOf(registry, "x")}`),
    ]);
    assert.deepEqual(
      [status, others],
      [0, [[`built from more/app at ${made.head().slice(0, 7)} "Add another"`, false]]],
    );
  });

  describe("of a repository", () => {
    it("shows what a mirror calls otherwise by its digest, and asks the repository itself for it", async () => {
      const { repository, images } = await example();
      const [first, second] = images;
      const answer = await fetch(`http://${repository.replace("/app", "/v2/app")}/manifests/${second.digest}`);
      const { config } = (await answer.json()) as { config: { digest: string } };
      const mirror = "127.0.0.1:1/cache/x";
      const pods = [
        pod("mirrored", `${mirror}:1`, `${mirror}@${first.digest}`),
        pod("bare", `${mirror}:1`, first.digest),
        pod("crio", `${mirror}:1`, config.digest.replace("sha256:", "")),
        pod("named", first.reference, first.imageID),
        pod("foreign", "127.0.0.1:1/redis:7", `127.0.0.1:1/redis@${sha256("redis")}`),
        pod("elsewhere", "NOT AN IMAGE", "strange"),
      ];
      for (const wanted of [repository, repository.replace("/app", "/other")]) {
        const { status, running, others } = await shown(pods, undefined, "--repository", wanted);
        const all = ["bare/main", "crio/main", "mirrored/main", "named/main"];
        assert.deepEqual([status, others, running.sort()], [0, [], wanted === repository ? all : []], wanted);
      }
    });

    it("finds it below one as well, by the name that mirrors keep, or by what other pods name there", async () => {
      const { repository, images } = await example();
      const [first] = images;
      const host = repository.replace("/app", "");
      const kept = pod("kept", "127.0.0.1:1/cache/app:1", `127.0.0.1:1/cache/app@${first.digest}`);
      assert.deepEqual((await shown([kept], undefined, "--repository", host)).running, ["kept/main"]);
      const lost = pod("lost", "127.0.0.1:1/flat:1", `127.0.0.1:1/flat@${first.digest}`);
      const named = pod("named", first.reference, first.imageID);
      const both = await shown([lost, named], undefined, "--repository", host);
      assert.deepEqual([both.status, both.running.sort()], [0, ["lost/main", "named/main"]]);
    });

    it("says no where the repository does not say whether it holds what a mirror calls otherwise", async () => {
      const { images } = await example();
      const [first] = images;
      const mirrored = pod("a", "127.0.0.1:1/cache/x:1", `127.0.0.1:1/cache/x@${first.digest}`);
      const refused = await start(() => ({ status: 401, body: { errors: [{ code: "UNAUTHORIZED" }] } }));
      for (const [wanted, code] of [
        ["127.0.0.1:1/p", "RegistryUnavailable"],
        [`${refused.host}/p`, "RegistryUnauthorized"],
      ] as const) {
        const { status, running, others } = await shown([mirrored], undefined, "--repository", wanted);
        assert.deepEqual([status, running, others.length], [1, [], 1], wanted);
        assert.match(others[0][0], /^can't tell whether it is from these repositories: /);
        assert.ok(others[0][0].endsWith(`[${code}]`), others[0][0]);
      }
    });

    it("counts a pod that is pinned to what it holds and has not started", async () => {
      const { repository, images } = await example();
      const [first] = images;
      const waiting = pod("a", `127.0.0.1:1/cache/x@${first.digest}`, undefined);
      waiting.status.containerStatuses = [];
      const { status, others } = await shown([waiting], undefined, "--repository", repository);
      assert.deepEqual([status, others.length, others[0][1]], [1, 1, true]);
    });
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

  it("ignores neither of two statuses of one container", async () => {
    const { images } = await example();
    const [first, second] = images;
    const one = pod("a", first.reference, first.imageID);
    const [main] = one.status.containerStatuses;
    const twice = { ...one.status, containerStatuses: [main, { ...main, imageID: second.imageID }] };
    const { json } = await whole([{ ...one, status: twice }]);
    assert.deepEqual(
      json.images[0].running.map(({ digest, pods }: { digest: string; pods: string[] }) => [digest, pods]).sort(),
      [first, second].map(({ digest }) => [digest, ["a/main"]]).sort(),
    );
    const strange = { ...one.status, containerStatuses: [main, { ...main, imageID: "strange" }] };
    const found = await shown([{ ...one, status: strange }]);
    assert.deepEqual([found.status, found.running, found.others.length], [1, ["a/main"], 1]);
  });

  it("ignores neither of two containers that say different things of one image volume", async () => {
    const { images } = await example();
    const [first, second] = images;
    const says = (name: string, imageRef: string) => ({
      ...{ name, imageID: first.imageID, state: { running: {} } },
      volumeMounts: [{ name: "files", volumeStatus: { image: { imageRef } } }],
    });
    const { status, json } = await whole([
      {
        metadata: { name: "a" },
        spec: {
          containers: ["one", "two"].map((name) => ({ name, image: first.reference })),
          volumes: [{ name: "files", image: { reference: first.reference } }],
        },
        status: { phase: "Running", containerStatuses: [says("one", first.imageID), says("two", second.imageID)] },
      },
    ]);
    assert.equal(status, 0);
    const pods = Object.fromEntries(
      json.images[0].running.map(({ digest, pods }: { digest: string; pods: string[] }) => [digest, pods]),
    );
    assert.deepEqual(pods, {
      [first.digest]: ["a/one", "a/two", "a/files"],
      [second.digest]: ["a/files"],
    });
  });

  describe("of a pod that is being deleted", () => {
    const ending = (one: ReturnType<typeof pod>, ...statuses: object[]) => ({
      ...one,
      metadata: { ...one.metadata, deletionTimestamp: "2024-01-02T00:00:00Z" },
      status: { ...one.status, containerStatuses: statuses.length > 0 ? statuses : one.status.containerStatuses },
    });

    it("shows what still runs, says so, and lets it count as any other", async () => {
      const { repository, images } = await example();
      const [first, second] = images;
      const fine = await whole([
        ending(pod("a", first.reference, first.imageID)),
        pod("b", first.reference, first.imageID),
      ]);
      assert.equal(fine.status, 0);
      const [running] = fine.json.images[0].running;
      assert.deepEqual([running.pods, running.terminating], [["a/main", "b/main"], ["a/main"]]);
      assert.match(fine.out, /; terminating: a\/main\n/);
      assert.match(readFileSync(fine.html, "utf8"), /; terminating: a\/main</);
      const older = await shown([ending(pod("a", first.reference, first.imageID))], second.reference);
      assert.deepEqual([older.status, older.differing], [1, ["a/main"]]);
      const strange = await whole([ending(pod("a", `${repository}:x`, `${repository}@${sha256("x")}`))]);
      const [{ pods, terminating }] = strange.json.others;
      assert.deepEqual([strange.status, pods, terminating], [1, ["a/main"], ["a/main"]]);
      assert.match(strange.out, /; terminating: a\/main\n/);
      assert.match(readFileSync(strange.html, "utf8"), /; terminating: a\/main</);
    });

    it("leaves out containers that have ended or will not start, and volumes that none of its containers has", async () => {
      const { images } = await example();
      const [first, second] = images;
      const state = (name: string, is: object | undefined) => ({ name, imageID: second.imageID, state: is });
      const one = pod("a", second.reference, second.imageID);
      const states = [{ terminated: { exitCode: 0 } }, { waiting: { reason: "CrashLoopBackOff" } }, {}, undefined];
      const ended = states.map((is) => ending(one, state("main", is)));
      const found = await shown([...ended, pod("b", first.reference, first.imageID)]);
      assert.deepEqual([found.running, found.others], [["b/main"], []]);
      const volumes = [{ name: "files", image: { reference: first.reference } }];
      const both = { ...one, spec: { containers: [...one.spec.containers, { name: "side", image: "x" }], volumes } };
      const side = state("side", { terminated: {} });
      const none = ending(
        { ...both, metadata: { ...both.metadata, name: "b" } },
        state("main", { terminated: {} }),
        side,
      );
      const some = await shown([ending(both, state("main", { running: {} }), side), none]);
      assert.deepEqual(some.running.sort(), ["a/files", "a/main"]);
    });

    it("is not understood only where something of it runs", async () => {
      await example();
      const odd = { ...pod("a", "x", "x"), spec: { containers: "none" } } as unknown as ReturnType<typeof pod>;
      const runs = await shown([ending(odd)]);
      assert.deepEqual(runs.others[0], ["not understood: containers is not a list", true]);
      const { status, others } = await shown([ending(odd, { name: "main", state: { terminated: {} } })]);
      assert.deepEqual([status, others], [0, []]);
    });
  });

  it("leaves out pods that have ended", async () => {
    const { repository, images } = await example();
    const [first] = images;
    const ended = ["Succeeded", "Failed"].map((phase) => {
      const one = pod(phase, `${repository}:x`, `${repository}@${sha256("x")}`);
      const state = { terminated: { exitCode: 0 } };
      return { ...one, status: { phase, containerStatuses: [{ ...one.status.containerStatuses[0], state }] } };
    });
    assert.deepEqual(await shown([...ended, pod("b", first.reference, first.imageID)]), {
      status: 0,
      running: ["b/main"],
      differing: [],
      others: [],
    });
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

  /** The pods that run another image than their Deployment names, of pods that are each told with that. */
  async function differing(told: [pod: ReturnType<typeof pod>, named: string][]) {
    const pods = told.map(([one], at) => ({
      ...one,
      metadata: { name: `p${at}`, ownerReferences: [{ kind: "ReplicaSet", uid: `set-${at}` }] },
    }));
    const deployments = told.map(([, named], at) => ({
      ...deployment(named),
      metadata: { name: `app-${at}`, uid: `deployment-${at}` },
    }));
    const sets = told.map((_, at) => ({
      metadata: { uid: `set-${at}`, ownerReferences: [{ kind: "Deployment", uid: `deployment-${at}` }] },
    }));
    const file = await clusters({ one: { web: { pods, deployments, replicasets: sets } } });
    const { status, json } = await cliJson(["status", "images/app", "--kubeconfig", file]);
    const [{ running }] = json.images;
    assert.equal(running.flatMap((image: { pods: string[] }) => image.pods).length, told.length);
    return { status, found: running.flatMap((image: { differing: string[] }) => image.differing).sort() };
  }

  it("takes the same digest for the same, however a webhook has written it", async () => {
    const { repository, images } = await example();
    const [first, second] = images;
    const pinned = `${repository}@${first.digest}`;
    const same: [used: string, named: string][] = [
      [pinned, first.reference],
      [first.reference, pinned],
      [pinned, `${repository}:${first.tag}`],
      [first.reference, `${repository}:${first.tag}`],
      [`mirror.invalid/app@${first.digest}`, first.reference],
    ];
    assert.deepEqual(await differing(same.map(([used, named]) => [pod("a", used, first.imageID), named])), {
      status: 0,
      found: [],
    });
    const others = [second.reference, `${repository}:${second.tag}`, `${repository}:none`, "NOT AN IMAGE"];
    assert.deepEqual(await differing(others.map((named) => [pod("a", first.reference, first.imageID), named])), {
      status: 1,
      found: others.map((_, at) => `p${at}/main`),
    });
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
    const { made, images } = await example(keep(versions().copy()));
    made.write("images/app/main", "x").add().commit('<script>alert(1)</script> & "more"');
    const [first, second] = images;
    const file = await clusters({
      'a<b>"': { web: { pods: [pod("app-1", first.reference, first.imageID)] } },
      other: { web: { pods: [pod("app-1", second.reference, second.imageID)] } },
    });
    const html = home("status.html");
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
    assert.equal(page.match(/class="dot old"/g)?.length, 2);
    const ticks = [...page.matchAll(/<li tabindex="0" class="([^"]*)" aria-label="([^"]*)">/g)];
    assert.deepEqual(
      ticks.map(([, kind, words = ""]) => [kind, words.replace(/^[0-9a-f]{7} · 2024-01-01 \d\d:\d\d UTC · /, "")]),
      [
        ["runs", "Add the image"],
        ["runs", "Say two"],
        ["right", "Say three"],
        ["newest right", "&#60;script&#62;alert(1)&#60;/script&#62; &#38; &#34;more&#34;"],
      ],
    );
    assert.match(page, /<b>app-1<\/b> in other\/web, 2 behind</);
    const chromium = which("chromium") ?? which("google-chrome");
    if (!chromium) {
      console.log("      not looked at in a browser: there is no chromium on PATH");
      return;
    }
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${home("chromium")}`, "--dump-dom"];
    const shown = execFileSync(chromium, [...flags, `file://${html}`], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    assert.match(shown, /<td>3 behind<\/td>/);
    assert.equal(shown.match(/class="dot old"/g)?.length, 2);
  });
});
