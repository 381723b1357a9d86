import * as assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const ROOT = path.resolve(__dirname, "../../..");

/** A program of its own, since a token is kept for the run. */
const PROGRAM = `
  // As Pulumi's runtime does: of an output that fails, each of its promises does.
  process.on("unhandledRejection", () => {});
  const { gcpRegistryAuth } = require("./components/gcp/registryAuth");
  const [one, two] = [gcpRegistryAuth("gcr.io"), gcpRegistryAuth()];
  const value = (output) => output.promise();
  Promise.all([value(one.password), value(two.password), one.password.isSecret]).then(
    ([first, second, secret]) => console.log(JSON.stringify({ server: one.server, username: one.username, first, second, secret })),
    (error) => { console.log(JSON.stringify({ kind: error.constructor.name, message: error.message })); },
  );
`;

/** With Google's own library, and a token service of workload identity federation that is played by a local server. */
describe("gcpRegistryAuth", () => {
  let service: Server;
  let asked: string[];
  let reply: { status: number; body: unknown };
  let folder: string;

  beforeEach(async () => {
    asked = [];
    reply = {
      status: 200,
      body: {
        access_token: "short-lived",
        issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
        token_type: "Bearer",
        expires_in: 3600,
      },
    };
    service = createServer((request, response) => {
      let body = "";
      request.on("data", (part) => {
        body += part;
      });
      request.on("end", () => {
        asked.push(body);
        response.writeHead(reply.status, { "content-type": "application/json" }).end(JSON.stringify(reply.body));
      });
    });
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    folder = mkdtempSync(path.join(tmpdir(), "gcp-"));
    writeFileSync(path.join(folder, "subject"), "token-of-the-ci");
    writeFileSync(
      path.join(folder, "configuration.json"),
      JSON.stringify({
        type: "external_account",
        audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/ci",
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        token_url: `http://127.0.0.1:${(service.address() as AddressInfo).port}/v1/token`,
        credential_source: { file: path.join(folder, "subject") },
      }),
    );
  });

  afterEach(async () => {
    await new Promise((resolve) => service.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  async function authentication(credentials: string): Promise<Record<string, unknown>> {
    const env = { ...process.env, GOOGLE_APPLICATION_CREDENTIALS: credentials, HOME: folder };
    const { stdout } = await run(process.execPath, ["--import", "tsx", "--eval", PROGRAM], { cwd: ROOT, env });
    return JSON.parse(stdout);
  }

  it("exchanges the CI's token for a short-lived one, once for all images, and keeps it secret", async () => {
    assert.deepEqual(await authentication(path.join(folder, "configuration.json")), {
      server: "gcr.io",
      username: "oauth2accesstoken",
      first: "short-lived",
      second: "short-lived",
      secret: true,
    });
    assert.equal(asked.length, 1);
    const form = new URLSearchParams(asked[0]);
    assert.equal(form.get("subject_token"), "token-of-the-ci");
    assert.equal(form.get("scope"), "https://www.googleapis.com/auth/cloud-platform");
  });

  it("says Google's own words where the token is refused, and what to do", async () => {
    reply = { status: 400, body: { error: "invalid_grant", error_description: "The audience is not allowed." } };
    const { kind, message } = await authentication(path.join(folder, "configuration.json"));
    assert.equal(kind, "RunError");
    assert.match(String(message), /The audience is not allowed/);
    assert.match(String(message), /Run `gcloud auth application-default login`.*\[CredentialsFailed\]$/s);
  });

  it("says which file of credentials is not there", async () => {
    const { kind, message } = await authentication(path.join(folder, "none.json"));
    assert.equal(kind, "RunError");
    assert.match(String(message), /none\.json.*\[CredentialsFailed\]$/s);
  });
});
