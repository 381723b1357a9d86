import * as assert from "node:assert/strict";
import { execFile } from "node:child_process";
import * as path from "node:path";
import { promisify } from "node:util";
import { TYPESCRIPT } from "../../../scripts/setup/paths";
import { GoogleTokens } from "../../support/googleTokens";

const run = promisify(execFile);
const ROOT = path.resolve(__dirname, "../../..");

/** A program of its own, since a token is kept. */
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

/** A process that lives on after a run, such as a program of the Automation API: the minutes of each run, and what it gets. */
const LIVING_ON = `
  process.on("unhandledRejection", () => {});
  const { mock } = require("node:test");
  const { renameSync } = require("node:fs");
  const { gcpRegistryAuth } = require("./components/gcp/registryAuth");
  mock.timers.enable({ apis: ["Date"], now: 0 });
  (async () => {
    const got = [];
    for (const step of JSON.parse(process.env.STEPS)) {
      if (typeof step === "string") {
        renameSync(step, process.env.GOOGLE_APPLICATION_CREDENTIALS);
        continue;
      }
      mock.timers.setTime(step * 60_000);
      got.push(await gcpRegistryAuth().password.promise().catch(({ message }) => message));
    }
    console.log(JSON.stringify(got));
  })();
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
    const { stdout } = await run(process.execPath, [...TYPESCRIPT, "--eval", PROGRAM], { cwd: ROOT, env });
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

  /** What each run gets in a process that lives on; a name among the minutes is that of a file with credentials that are there from then on. */
  async function livingOn(credentials: string, steps: (number | string)[]): Promise<string[]> {
    const env = {
      ...process.env,
      ...{ GOOGLE_APPLICATION_CREDENTIALS: credentials, HOME: tokens.folder, STEPS: JSON.stringify(steps) },
    };
    const { stdout } = await run(process.execPath, [...TYPESCRIPT, "--eval", LIVING_ON], { cwd: ROOT, env });
    return JSON.parse(stdout);
  }

  it("takes another one where the first would not last to the end of an update", async () => {
    tokens.giveEach("one", "two", "three");
    assert.deepEqual(await livingOn(tokens.configuration, [0, 1, 29, 31, 59, 200]), [
      ...["one", "one", "one"],
      ...["two", "two"],
      "three",
    ]);
    assert.equal(tokens.asked.length, 3);
  });

  it("keeps no failure", async () => {
    const late = path.join(tokens.folder, "late.json");
    const [first, second] = await livingOn(late, [0, tokens.configuration, 1]);
    assert.match(first ?? "", /late\.json.*\[CredentialsFailed\]$/s);
    assert.equal(second, "short-lived");
  });

  it("keeps no refusal", async () => {
    tokens.replies = [{ status: 400, body: { error: "invalid_grant", error_description: "Expired." } }];
    const [first, second] = await livingOn(tokens.configuration, [0, 1]);
    assert.match(first ?? "", /Expired\..*\[CredentialsFailed\]$/s);
    assert.equal(second, "short-lived");
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
