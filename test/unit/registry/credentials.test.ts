import * as assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { VersionedImageError } from "../../../components/errors";
import { askHelper } from "../../../components/registry/credentialHelper";
import { explicitCredentials } from "../../../components/registry/credentials";
import { userCredentials } from "../../../components/registry/dockerConfig";
import { errorOf } from "../../support/assertError";
import { folderOfEach } from "../../support/folder";

const CANARY = "canary-secret";

describe("userCredentials", () => {
  const directory = folderOfEach();

  function read(config: unknown, host = "h.example:5000") {
    writeFileSync(directory("config.json"), typeof config === "string" ? config : JSON.stringify(config));
    return userCredentials(host, { DOCKER_CONFIG: directory(), PATH: `${directory()}:${process.env.PATH}` });
  }

  function helper(name: string, script: string): void {
    writeFileSync(directory(`docker-credential-${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  const encode = (text: string) => Buffer.from(text).toString("base64");

  it("has none without a configuration", async () => {
    assert.equal(await userCredentials("h.example", { DOCKER_CONFIG: directory() }), undefined);
    assert.equal(await read({}), undefined);
    assert.equal(await read({ auths: { "h.example:5000": {} } }), undefined);
    assert.equal(await read({ auths: { "other.example": { auth: encode("u:p") } } }), undefined);
  });

  for (const key of [
    "h.example:5000",
    "https://h.example:5000",
    "https://h.example:5000/v1/",
    "http://h.example:5000/v2",
  ]) {
    it(`finds a host under ${key}`, async () => {
      const found = await read({ auths: { [key]: { auth: encode(`user:p:${CANARY}`) } } });
      assert.equal(found?.username, "user");
      assert.equal(found?.password, `p:${CANARY}`);
    });
  }

  it("finds Docker Hub under its own key", async () => {
    const config = { auths: { "https://index.docker.io/v1/": { username: "u", password: "p" } } };
    assert.equal((await read(config, "docker.io"))?.password, "p");
    assert.equal((await read(config, "index.docker.io"))?.password, "p");
  });

  it("prefers the host's own key to one with a path", async () => {
    const auths = {
      "https://h.example:5000/v1/": { username: "u", password: "old" },
      "h.example:5000": { username: "u", password: "new" },
    };
    assert.equal((await read({ auths }))?.password, "new");
  });

  it("finds the configuration in the home directory", async () => {
    mkdirSync(directory(".docker"));
    const config = { auths: { "h.example": { username: "u", password: CANARY } } };
    writeFileSync(directory(".docker", "config.json"), JSON.stringify(config));
    assert.equal((await userCredentials("h.example", { HOME: directory() }))?.password, CANARY);
  });

  it("knows identity tokens and tokens for a registry", async () => {
    assert.equal((await read({ auths: { "h.example:5000": { identitytoken: CANARY } } }))?.identityToken, CANARY);
    assert.equal((await read({ auths: { "h.example:5000": { registrytoken: CANARY } } }))?.registryToken, CANARY);
  });

  it("asks the helper of a host before the default store, and gives it the host", async () => {
    helper("one", `read -r server; echo '{"Username":"'$server'","Secret":"${CANARY}"}'`);
    helper("two", "exit 9");
    const config = { credHelpers: { "h.example:5000": "one" }, credsStore: "two" };
    assert.deepEqual(await read(config), { username: "h.example:5000", password: CANARY });
    helper("two", `read -r server; echo '{"Username":"store","Secret":"'$server'"}'`);
    assert.deepEqual(await read(config, "other.example"), { username: "store", password: "other.example" });
    assert.deepEqual(await read(config, "docker.io"), { username: "store", password: "https://index.docker.io/v1/" });
  });

  it("takes a helper's <token> for an identity token", async () => {
    helper("one", `echo '{"Username":"<token>","Secret":"${CANARY}"}'`);
    assert.deepEqual(await read({ credsStore: "one" }), { identityToken: CANARY });
  });

  it("has no password where a helper has none, whatever the file says, as Docker's client has it", async () => {
    helper("one", "echo 'credentials not found in native keychain'; exit 1");
    assert.equal(await read({ credsStore: "one" }), undefined);
    const file = (entry: object) => ({ credsStore: "one", auths: { "h.example:5000": entry } });
    assert.equal(await read(file({ auth: encode("u:p") })), undefined);
    assert.deepEqual(await read(file({ auth: encode("u:p"), registrytoken: "T" })), { registryToken: "T" });
  });

  it("asks no helper for a host whose own is empty, and takes the file's", async () => {
    helper("one", "exit 9");
    const auths = { "h.example:5000": { auth: encode("u:p") } };
    assert.deepEqual(await read({ auths, credsStore: "one", credHelpers: { "h.example:5000": "" } }), {
      username: "u",
      password: "p",
      identityToken: undefined,
      registryToken: undefined,
    });
    await errorOf("CredentialsFailed", () => read({ auths, credsStore: "one", credHelpers: { "other.example": "" } }));
  });

  it("takes an empty file for none", async () => {
    for (const nothing of ["", " \n", "{}", "null"]) {
      assert.equal(await read(nothing), undefined);
    }
  });

  it("takes credentials from DOCKER_AUTH_CONFIG before any others", async () => {
    helper("one", "exit 9");
    const given = (value: unknown) =>
      userCredentials("h.example:5000", {
        DOCKER_CONFIG: directory(),
        PATH: `${directory()}:${process.env.PATH}`,
        DOCKER_AUTH_CONFIG: typeof value === "string" ? value : JSON.stringify(value),
      });
    writeFileSync(directory("config.json"), JSON.stringify({ credsStore: "one" }));
    const auth = encode("env:secret");
    const expected = { username: "env", password: "secret" };
    assert.deepEqual(await given({ auths: { "h.example:5000": { auth } } }), expected);
    // For another host, or of another form: as if it were not set.
    for (const other of [
      { auths: { "other.example": { auth } } },
      { auths: { "https://h.example:5000/v1/": { auth } } },
      { auths: { "h.example:5000": { auth, username: "u" } } },
      { auths: { "h.example:5000": { auth } }, credsStore: "one" },
      { auths: { "h.example:5000": {} } },
      "{",
      "",
    ]) {
      assert.match(await errorOf("CredentialsFailed", () => given(other)), /docker-credential-one/);
    }
  });

  describe("where the configuration names none", () => {
    const found = '{"Username":"u","Secret":"p"}';
    const at = (env: NodeJS.ProcessEnv) => userCredentials("h.example", { DOCKER_CONFIG: directory(), ...env });

    it("asks pass, where that is installed with its helper", async () => {
      helper("pass", `echo '${found}'`);
      assert.equal(await at({ PATH: directory() }), undefined);
      writeFileSync(directory("pass"), "#!/bin/sh\n", { mode: 0o755 });
      assert.deepEqual(await at({ PATH: directory() }), { username: "u", password: "p" });
    });

    it("asks secretservice else, and no helper where the file names anything", async () => {
      helper("secretservice", `/bin/cat > /dev/null; echo '${found}'`);
      assert.deepEqual(await at({ PATH: directory() }), { username: "u", password: "p" });
      for (const config of [{ auths: { "other.example": {} } }, { credHelpers: { "other.example": "one" } }]) {
        writeFileSync(directory("config.json"), JSON.stringify(config));
        assert.equal(await at({ PATH: directory() }), undefined);
      }
    });
  });

  it("says why a helper failed, and never what it holds", async () => {
    helper("one", "echo 'the keychain is locked'; exit 1");
    assert.match(
      await errorOf("CredentialsFailed", () => read({ credsStore: "one" })),
      /docker-credential-one.*the keychain is locked/,
    );
    assert.match(await errorOf("CredentialsFailed", () => read({ credsStore: "none" })), /it is not on PATH/);
    helper("one", "echo 'no access to the keychain' >&2; exit 1");
    assert.match(await errorOf("CredentialsFailed", () => read({ credsStore: "one" })), /no access to the keychain/);
    helper("one", "exit 3");
    assert.match(await errorOf("CredentialsFailed", () => read({ credsStore: "one" })), /exit status 3/);
    helper("one", "kill -TERM $$");
    assert.match(await errorOf("CredentialsFailed", () => read({ credsStore: "one" })), /ended by SIGTERM/);
    for (const script of [
      `echo '{"Secret":"${CANARY}"'`,
      `echo '{"Secret":"${CANARY}"}'`,
      `echo '{"Username":"u","Secret":"${CANARY}"}'; exit 1`,
      `echo '{"Username":"u","Secret":"${CANARY}"}' >&2; exit 1`,
      `echo '${CANARY}'`,
    ]) {
      helper("one", script);
      assert.ok(!(await errorOf("CredentialsFailed", () => read({ credsStore: "one" }))).includes(CANARY));
    }
    await errorOf("CredentialsFailed", () => read({ credsStore: "../../bin/sh" }));
  });

  it("does not wait for a helper, or for what it has started, longer than the limit", async () => {
    const env = { PATH: `${directory()}:${process.env.PATH}` };
    for (const script of ["exec sleep 5", "sleep 5 & wait"]) {
      helper("slow", script);
      const message = await errorOf("CredentialsFailed", () => askHelper("slow", "h.example", env, 100));
      assert.match(message, /docker-credential-slow.*did not answer within 0\.1 seconds/);
    }
  });

  it("takes an empty secret of a helper for none", async () => {
    helper("one", `echo '{"Username":"","Secret":""}'`);
    assert.equal(await read({ credsStore: "one" }), undefined);
  });

  it("says that a configuration is broken, and never what is in it", async () => {
    for (const config of [`{"auths": "${CANARY}`, "[]", { auths: { "h.example:5000": { auth: encode(CANARY) } } }]) {
      const message = await errorOf("CredentialsFailed", () => read(config));
      assert.ok(message.includes(directory("config.json")) && !message.includes(CANARY), message);
    }
  });

  it("refuses a token that no header can hold, and never shows it", async () => {
    for (const token of [`${CANARY}\nx`, `${CANARY} x`, `${CANARY}\u20ac`]) {
      const message = await errorOf("CredentialsFailed", () =>
        read({ auths: { "h.example:5000": { registrytoken: token } } }),
      );
      assert.match(message, /has an entry for h\.example:5000 whose registrytoken is not a token/);
      assert.ok(!message.includes(CANARY), message);
    }
  });

  it("does not read without end what a helper says", async () => {
    helper("endless", "exec yes");
    const message = await errorOf("CredentialsFailed", () => read({ credsStore: "endless" }));
    assert.match(message, /docker-credential-endless.*its answer is longer than 1048576 characters/);
  });

  it("reads what is nested deeply, and what is hardly a string", async () => {
    const deep = `${'{"auths":'.repeat(100_000)}1${"}".repeat(100_000)}`;
    assert.equal(await read(deep), undefined);
    await errorOf("CredentialsFailed", () => read("[".repeat(100_000)));
    const withAuth = (auth: string) => ({ auths: { "h.example:5000": { auth } } });
    // Line ends are left out, and nothing else, as Go's base64 has it.
    const found = await read(withAuth(`${encode("u:p\0\0")}\r\n`));
    assert.deepEqual([found?.username, found?.password], ["u", "p"]);
    for (const auth of [` ${encode("u:p")}`, `${encode("u:p")}\u20ac`, "\u20ac\u20ac"]) {
      await errorOf("CredentialsFailed", () => read(withAuth(auth)));
    }
  });

  it("never fails in another way, whatever the configuration holds", async () => {
    const entry = fc.record(
      { auth: fc.anything(), username: fc.anything(), identitytoken: fc.anything(), registrytoken: fc.anything() },
      { requiredKeys: [] },
    );
    const config = fc.oneof(
      fc.json(),
      fc.record({ auths: fc.dictionary(fc.constantFrom("h.example:5000", "__proto__"), entry) }),
    );
    await fc.assert(
      fc.asyncProperty(config, async (any) => {
        await read(any).catch((error) => assert.ok(error instanceof VersionedImageError, String(error)));
      }),
    );
  });
});

describe("explicitCredentials", () => {
  it("are for their server, or for every registry", () => {
    const given = { username: "u", password: "p" };
    const own = { ...given, explicit: true };
    for (const [server, host, expected] of [
      [undefined, "h.example", own],
      ["h.example", "h.example", own],
      ["https://h.example/v1/", "h.example", own],
      ["https://index.docker.io/v1/", "docker.io", own],
      ["h.example", "h.example:5000", undefined],
      ["h.example", "h.example.evil", undefined],
    ] as const) {
      assert.deepEqual(explicitCredentials({ ...given, server }, host), expected, `${server} ${host}`);
    }
    assert.equal(explicitCredentials({ username: "u" }, "h.example"), undefined);
    assert.equal(explicitCredentials(undefined, "h.example"), undefined);
  });
});
