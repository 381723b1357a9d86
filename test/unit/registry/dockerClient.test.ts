import * as assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import fc from "fast-check";
import { VersionedImageError } from "../../../components/errors";
import { userCredentials } from "../../../components/registry/dockerConfig";
import { LONG } from "../../support/long";
import { Originals } from "../../support/originals";

/** How many configurations are made up. */
const COUNT = LONG ? 800 : 200;

const HOSTS = ["h.example:5000", "h.example", "docker.io", "127.0.0.1:5000"];
const KEYS = [
  ...HOSTS,
  "https://h.example:5000",
  "https://h.example/v1/",
  "http://h.example",
  "h.example/v2",
  "https://index.docker.io/v1/",
  "index.docker.io",
  "H.example",
];

const encode = (text: string) => Buffer.from(text).toString("base64");
const AUTHS = ["u:p", "u:p:q", "u:p\0\0", ":p", "u:", "u", ""].map(encode).concat("not base64", `${encode("u:p")}\r\n`);

const entry = fc.oneof(
  fc.record({ auth: fc.constantFrom(...AUTHS) }),
  fc.record(
    {
      auth: fc.constantFrom(encode("a:b"), ""),
      username: fc.constantFrom("n", ""),
      password: fc.constantFrom("s", ""),
      identitytoken: fc.constantFrom("id", ""),
      registrytoken: fc.constantFrom("rt", ""),
      email: fc.constant("e"),
    },
    { requiredKeys: [] },
  ),
);
/** Two spellings of one registry, of which Go takes one at random, are left out. */
const auths = fc
  .array(fc.tuple(fc.constantFrom(...KEYS), entry), { maxLength: 2 })
  .filter(
    (entries) =>
      new Set(entries.map(([key]) => key.replace(/^.*(:\/\/|@)|\/.*$|^\/\//g, "").toLowerCase())).size ===
      entries.length,
  )
  .map((entries) => Object.fromEntries(entries));
const helper = fc.constantFrom("one", "nothing", "");
/** As `docker login` writes it: Go's own reader also takes names in any case, and what follows the object. */
const configuration = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record(
        { auths, credsStore: helper, credHelpers: fc.dictionary(fc.constantFrom(...KEYS), helper, { maxKeys: 2 }) },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value)),
  },
  { weight: 1, arbitrary: fc.constantFrom("", " ", "{}", "null", "[]", "{", '{"auths":null}', '{"auths":7}') },
);
const environment = fc.oneof(
  { weight: 3, arbitrary: fc.constant("") },
  { weight: 2, arbitrary: auths.map((value) => JSON.stringify({ auths: value })) },
  { weight: 1, arbitrary: fc.constantFrom("{", "[]", "{}", "null", '{"auths":{}} {}', '{"auths":{},"x":1}') },
);

describe("credentials", () => {
  let directory: string;

  before(() => {
    directory = mkdtempSync(path.join(tmpdir(), "docker-"));
    const helperThat = (name: string, script: string) =>
      writeFileSync(path.join(directory, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    helperThat("one", `read -r server; echo '{"Username":"'"$server"'","Secret":"from one"}'`);
    helperThat("nothing", "echo 'credentials not found in native keychain'; exit 1");
    helperThat("secretservice", `read -r server; echo '{"Username":"<token>","Secret":"the default"}'`);
  });

  after(() => rmSync(directory, { recursive: true }));

  it("are those that Docker's own client finds", async function () {
    this.timeout(300_000);
    const originals = await Originals.get();
    if (!originals) {
      console.log("      left out: there is no Go to build Docker's client's configuration with");
      this.skip();
    }
    const question = fc.record({ host: fc.constantFrom(...HOSTS), configuration, environment });
    const questions = fc.sample(question, { numRuns: COUNT, seed: 1 });
    const keyOf = (host: string) => (host === "docker.io" ? "https://index.docker.io/v1/" : host);
    const env = { PATH: directory };
    const answers = originals.credentials(
      questions.map((asked) => ({ ...asked, host: keyOf(asked.host) })),
      env,
    );
    const count = { alike: 0, none: 0, refusedByBoth: 0, refusedHere: 0, readHere: 0 };
    const wrong: unknown[] = [];
    for (const [index, asked] of questions.entries()) {
      const home = path.join(directory, String(index));
      mkdirSync(home);
      writeFileSync(path.join(home, "config.json"), asked.configuration);
      const expected = answers[index];
      const found = await userCredentials(asked.host, {
        ...env,
        DOCKER_CONFIG: home,
        DOCKER_AUTH_CONFIG: asked.environment,
      }).then(
        (credentials) => credentials ?? {},
        (error: unknown) => {
          assert.ok(error instanceof VersionedImageError, String(error));
          return undefined;
        },
      );
      rmSync(home, { recursive: true });
      if (found === undefined) {
        count[expected === undefined ? "refusedByBoth" : "refusedHere"]++;
      } else if (expected === undefined) {
        // Docker warns of a broken entry, and goes on without any; one for another registry is of no concern here.
        count.readHere++;
      } else if (JSON.stringify(plain(found)) === JSON.stringify(plain(expected))) {
        count[Object.keys(plain(found)).length === 0 ? "none" : "alike"]++;
      } else {
        wrong.push({ ...asked, found: plain(found), expected });
      }
    }
    console.log(
      `      ${COUNT} configurations: ${JSON.stringify(count)}, ${wrong.length} otherwise than Docker's client`,
    );
    assert.deepEqual(wrong.slice(0, 5), []);
    assert.equal(count.refusedHere, 0);
    assert.ok(count.alike > COUNT / 4, JSON.stringify(count));
  });
});

/** What there is of credentials, in one order. */
function plain(credentials: object): Record<string, string> {
  const fields = ["username", "password", "identityToken", "registryToken"];
  const given = credentials as Record<string, string | undefined>;
  return Object.fromEntries(fields.flatMap((name) => (given[name] ? [[name, given[name]]] : [])));
}
