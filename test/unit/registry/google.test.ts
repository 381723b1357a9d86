import * as assert from "node:assert/strict";
import { execFile } from "node:child_process";
import * as path from "node:path";
import { promisify } from "node:util";
import { TYPESCRIPT } from "../../../scripts/setup/paths";
import { canCertify } from "../../support/authority";
import { GoogleRegistry } from "../../support/googleRegistry";
import { OwnRegistry } from "../../support/ownRegistry";
import { MANIFEST, sha256 } from "./setup";

const run = promisify(execFile);
const ROOT = path.resolve(__dirname, "../../..");

/** A program of its own, since Node.js reads whom it trusts when it starts. */
const PROGRAM = `
  const { createRegistryClient } = require("./components/registry");
  const { auth, questions } = JSON.parse(process.env.TEST_QUESTIONS);
  const client = createRegistryClient({ auth, pauseMs: 1, env: { DOCKER_CONFIG: "/nonexistent" } });
  const answer = ([method, ...args]) =>
    client[method](...args).then((value) => value ?? "absent", ({ code, message }) => ({ code, message }));
  (async () => {
    const answers = [];
    for (const question of questions) {
      answers.push(await answer(question));
    }
    console.log(JSON.stringify(answers));
  })();
`;

/** The method of a client, and its arguments. */
type Question = ["resolve" | "inspect" | "tags", ...string[]];

describe("a registry that answers as gcr.io does", () => {
  let registry: GoogleRegistry;

  before(function () {
    if (!canCertify()) {
      console.log("      left out: there is no openssl to make a certificate with");
      this.skip();
    }
  });

  beforeEach(async () => {
    registry = await GoogleRegistry.start();
  });

  afterEach(() => registry?.stop());

  /** What a client with this access token is answered, in a process with this environment. */
  async function answers(token: string | undefined, questions: Question[], env = {}): Promise<unknown[]> {
    const auth = token === undefined ? undefined : { username: "oauth2accesstoken", password: token };
    const { stdout } = await run(process.execPath, [...TYPESCRIPT, "--eval", PROGRAM], {
      cwd: ROOT,
      env: { ...process.env, ...registry.names, ...env, TEST_QUESTIONS: JSON.stringify({ auth, questions }) },
    });
    return JSON.parse(stdout);
  }

  const trusting = (token: string | undefined, ...questions: Question[]) => answers(token, questions, registry.trust);

  it("is not asked without trust in its certificate, and NODE_EXTRA_CA_CERTS is named", async () => {
    assert.deepEqual(await answers("token", [["resolve", "gcr.io/p/a", "t"]]), [
      {
        code: "RegistryUnavailable",
        message:
          "The registry gcr.io has a certificate that Node.js does not trust (UNABLE_TO_VERIFY_LEAF_SIGNATURE) through the " +
          `proxy ${registry.names.https_proxy} (https_proxy): set NODE_EXTRA_CA_CERTS to the file of its CA ` +
          "certificate (tried 1 time). Its content is not known. Check that the host is correct " +
          "and reachable, then run again.",
      },
    ]);
    assert.deepEqual(registry.requests, []);
  });

  it("is asked with a token of its token service, which is given the access token", async () => {
    registry.rights.set("reader", "read");
    assert.deepEqual(await trusting("reader", ["resolve", "gcr.io/p/a", "t"], ["resolve", "gcr.io/p/a", "u"]), [
      "absent",
      "absent",
    ]);
    assert.deepEqual(registry.requests, [
      "HEAD gcr.io/v2/p/a/manifests/t",
      "GET gcr.io/v2/token Basic",
      "HEAD gcr.io/v2/p/a/manifests/t Bearer",
      "GET gcr.io/v2/p/a/manifests/t Bearer",
      "HEAD gcr.io/v2/p/a/manifests/u Bearer",
      "GET gcr.io/v2/p/a/manifests/u Bearer",
    ]);
  });

  it("says what is missing to whoever has no credentials, and the advice is gcloud's command for the host", async () => {
    const repository = "europe-docker.pkg.dev/p/images/a";
    assert.deepEqual(await trusting(undefined, ["resolve", "gcr.io/p/a", "t"], ["resolve", repository, "t"]), [
      {
        code: "RegistryUnauthorized",
        message:
          "The registry gcr.io refused access (403): DENIED: Unauthenticated request. Unauthenticated requests do not have " +
          'permission "artifactregistry.repositories.downloadArtifacts" on resource ' +
          '"projects/p/locations/us/repositories/gcr.io" (or it may not exist). No credentials were sent. Run ' +
          "gcloud auth configure-docker gcr.io",
      },
      {
        code: "RegistryUnauthorized",
        message:
          "The registry europe-docker.pkg.dev refused access (403): DENIED: Unauthenticated request. Unauthenticated " +
          'requests do not have permission "artifactregistry.repositories.downloadArtifacts" on resource ' +
          '"projects/p/locations/europe/repositories/images" (or it may not exist). No credentials were sent. Run ' +
          "gcloud auth configure-docker europe-docker.pkg.dev",
      },
    ]);
  });

  it("names the permission that an access token lacks", async () => {
    registry.rights.set("canary-token", "none");
    assert.deepEqual(await trusting("canary-token", ["resolve", "gcr.io/p/a", "t"]), [
      {
        code: "RegistryUnauthorized",
        message:
          'The registry gcr.io refused access (403): DENIED: Permission "artifactregistry.repositories.downloadArtifacts" ' +
          'denied on resource "projects/p/locations/us/repositories/gcr.io" (or it may not exist). Check that the ' +
          "credentials in registryAuth are valid, and that their account can read and write there.",
      },
    ]);
  });

  it("refuses an access token that has ended", async () => {
    assert.deepEqual(await trusting("canary-token", ["resolve", "gcr.io/p/a", "t"]), [
      {
        code: "RegistryUnauthorized",
        message:
          "The registry gcr.io refused access (401): UNAUTHORIZED: authentication failed. Check that the " +
          "credentials in registryAuth are valid, and that their account can read and write there.",
      },
    ]);
  });

  it("holds nothing in a repository that does not exist yet, which its token service says", async () => {
    registry.rights.set("writer", "write");
    registry.missing.add("projects/p/locations/europe/repositories/images");
    const repository = "europe-docker.pkg.dev/p/images/a";
    assert.deepEqual(await trusting("writer", ["resolve", repository, "t"], ["tags", repository]), ["absent", []]);
    assert.deepEqual(registry.requests, [
      "HEAD europe-docker.pkg.dev/v2/p/images/a/manifests/t",
      "GET europe-docker.pkg.dev/v2/token Basic",
      // What is made meanwhile must be seen.
      "GET europe-docker.pkg.dev/v2/p/images/a/tags/list",
      "GET europe-docker.pkg.dev/v2/token Basic",
    ]);
  });

  it("serves images, whose content is at another address", async function () {
    if (!OwnRegistry.isAvailable()) {
      console.log("      left out: there is no docker-registry to hold images");
      this.skip();
    }
    const holder = await OwnRegistry.start();
    const front = await GoogleRegistry.start(holder.host);
    try {
      front.rights.set("reader", "read");
      const digest = await pushImage(holder.host, "p/a", "t");
      const questions: Question[] = [
        ["resolve", "gcr.io/p/a", "t"],
        ["inspect", "gcr.io/p/a", digest, "linux/amd64"],
        ["tags", "gcr.io/p/a"],
        ["resolve", "gcr.io/p/a", "none"],
      ];
      assert.deepEqual(await answers("reader", questions, { ...front.names, ...front.trust }), [
        { digest, mediaType: MANIFEST },
        { labels: { one: "1" }, created: "2024-01-01T00:00:00Z", platform: "linux/amd64", layers: [] },
        ["t"],
        "absent",
      ]);
      assert.equal(front.requests.filter((asked) => asked.startsWith("GET gcr.io/artifacts-downloads/")).length, 1);
    } finally {
      await front.stop();
      await holder.stop();
    }
  });
});

/** Puts an image without layers into a registry, past whatever stands in front of it. Returns its digest. */
async function pushImage(host: string, name: string, tag: string): Promise<string> {
  const config = JSON.stringify({
    os: "linux",
    architecture: "amd64",
    created: "2024-01-01T00:00:00Z",
    config: { Labels: { one: "1" } },
    rootfs: { type: "layers", diff_ids: [] },
  });
  const upload = await fetch(`http://${host}/v2/${name}/blobs/uploads/`, { method: "POST" });
  const place = new URL(upload.headers.get("location") ?? "");
  place.searchParams.set("digest", sha256(config));
  await put(place.href, config, "application/octet-stream");
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: {
      mediaType: "application/vnd.docker.container.image.v1+json",
      size: config.length,
      digest: sha256(config),
    },
    layers: [],
  });
  await put(`http://${host}/v2/${name}/manifests/${tag}`, manifest, MANIFEST);
  return sha256(manifest);
}

async function put(url: string, body: string, type: string): Promise<void> {
  const { status } = await fetch(url, { method: "PUT", body, headers: { "content-type": type } });
  assert.equal(status, 201);
}
