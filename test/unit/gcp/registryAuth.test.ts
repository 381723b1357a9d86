import * as assert from "node:assert/strict";
import { execFile } from "node:child_process";
import * as path from "node:path";
import { promisify } from "node:util";
import { GoogleTokens } from "../../support/googleTokens";

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
  let tokens: GoogleTokens;

  beforeEach(async () => {
    tokens = await GoogleTokens.start();
    tokens.give("short-lived");
  });

  afterEach(() => tokens.stop());

  async function authentication(credentials: string): Promise<Record<string, unknown>> {
    const env = { ...process.env, GOOGLE_APPLICATION_CREDENTIALS: credentials, HOME: tokens.folder };
    const { stdout } = await run(process.execPath, ["--import", "tsx", "--eval", PROGRAM], { cwd: ROOT, env });
    return JSON.parse(stdout);
  }

  it("exchanges the CI's token for a short-lived one, once for all images, and keeps it secret", async () => {
    assert.deepEqual(await authentication(tokens.configuration), {
      server: "gcr.io",
      username: "oauth2accesstoken",
      first: "short-lived",
      second: "short-lived",
      secret: true,
    });
    assert.equal(tokens.asked.length, 1);
    const form = new URLSearchParams(tokens.asked[0]);
    assert.equal(form.get("subject_token"), "token-of-the-ci");
    assert.equal(form.get("scope"), "https://www.googleapis.com/auth/cloud-platform");
  });

  it("says Google's own words where the token is refused, and what to do", async () => {
    tokens.reply = { status: 400, body: { error: "invalid_grant", error_description: "The audience is not allowed." } };
    const { kind, message } = await authentication(tokens.configuration);
    assert.equal(kind, "RunError");
    assert.match(String(message), /The audience is not allowed/);
    assert.match(String(message), /Run `gcloud auth application-default login`.*\[CredentialsFailed\]$/s);
  });

  it("says which file of credentials is not there", async () => {
    const { kind, message } = await authentication(path.join(tokens.folder, "none.json"));
    assert.equal(kind, "RunError");
    assert.match(String(message), /none\.json.*\[CredentialsFailed\]$/s);
  });
});
