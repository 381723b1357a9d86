import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { canCertify } from "../../support/authority";
import { CommandLine } from "../../support/commandLine";
import { GoogleRegistry } from "../../support/googleRegistry";
import { COPIED, pushIndex } from "../../support/images";
import { OwnRegistry } from "../../support/ownRegistry";

const { tag: TAG, labels: LABELS } = COPIED;

describe("copying between a registry and one that answers as Google's do", () => {
  let holder: OwnRegistry;
  let staging: OwnRegistry;
  let google: GoogleRegistry;
  let home: string;
  let commandLine: CommandLine;

  before(async function () {
    if (!canCertify() || !OwnRegistry.isAvailable()) {
      console.log("      left out: there is no openssl to make a certificate with, or no docker-registry");
      this.skip();
    }
    [holder, staging] = await Promise.all([OwnRegistry.start(), OwnRegistry.start()]);
    google = await GoogleRegistry.start(holder.host);
    google.rights.set("writer", "write");
    google.rights.set("reader", "read");
    home = mkdtempSync(path.join(tmpdir(), "google-copy-"));
    // In a process of its own, since Node.js reads whom it trusts when it starts.
    commandLine = new CommandLine({
      ...process.env,
      ...google.names,
      ...google.trust,
      no_proxy: "127.0.0.1",
      DOCKER_CONFIG: home,
      NODE_NO_WARNINGS: "1",
    });
  });

  after(async () => {
    await commandLine?.end();
    await google?.stop();
    await holder?.stop();
    await staging?.stop();
    if (home) {
      rmSync(home, { recursive: true });
    }
  });

  async function copy(token: string, ...argv: string[]) {
    const auth = Buffer.from(`oauth2accesstoken:${token}`).toString("base64");
    const hosts = ["gcr.io", "europe-docker.pkg.dev"];
    writeFileSync(
      path.join(home, "config.json"),
      JSON.stringify({ auths: Object.fromEntries(hosts.map((host) => [host, { auth }])) }),
    );
    return commandLine.run("copy", ...argv);
  }

  it("goes there with a login, and back", async () => {
    const from = `${staging.host}/app`;
    const { digest } = await pushIndex(from, TAG, LABELS, { layer: 300_000 });
    const there = await copy("writer", `${from}:${TAG}`, "gcr.io/p/app");
    assert.deepEqual([there.status, there.err, there.out.split("  ")[1]], [0, "", `gcr.io/p/app:${TAG}@${digest}`]);
    const back = await copy("reader", `gcr.io/p/app:${TAG}`, `${staging.host}/back`);
    assert.deepEqual(
      [back.status, back.err, back.out.split("  ")[1]],
      [0, "", `${staging.host}/back:${TAG}@${digest}`],
    );
  });

  it("mounts blobs with a token for both repositories", async () => {
    const { digest } = await pushIndex(`${holder.host}/p/source`, TAG, LABELS);
    const { status, err, out } = await copy("writer", `gcr.io/p/source:${TAG}`, "gcr.io/p/target");
    assert.deepEqual(
      [status, err, out],
      [0, "", `copied  gcr.io/p/target:${TAG}@${digest}  from gcr.io/p/source, 4 blobs mounted\n`],
    );
    assert.ok(google.requests.includes("POST gcr.io/v2/p/target/blobs/uploads/ Bearer"));
  });

  it("names the permission that a reader lacks, and copies nothing", async () => {
    await pushIndex(`${staging.host}/refused`, TAG, LABELS);
    const { status, err } = await copy("reader", `${staging.host}/refused:${TAG}`, "gcr.io/p/refused");
    assert.equal(status, 1);
    assert.match(
      err,
      /artifactregistry.repositories.uploadArtifacts.* denied on resource.*\[RegistryUnauthorized\]\n$/,
    );
  });
});
