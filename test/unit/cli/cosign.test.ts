import * as assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import fc from "fast-check";
import { askCosign, attestationsIn, signaturesIn } from "../../../cli/verify/cosign";
import { errorOf } from "../../support/assertError";
import { fakeRegistries } from "../../support/fakeRegistry";
import { cliJson, labelsOf, repositories, sha256, shelf } from "./setup";

const DIGEST = sha256("x");
const SIGNED = "https://sigstore.dev/cosign/sign/v1";
const SLSA = "https://slsa.dev/provenance/v1";

/** What the real cosign can't be made to do is done by a program that stands for it. */
describe("versioned-image verify, asking cosign", () => {
  const { withImage } = repositories();
  const start = fakeRegistries();
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), "cosign-"));
    mkdirSync(path.join(home, "bin"));
  });

  afterEach(() => {
    rmSync(home, { recursive: true });
  });

  /** Puts a program `cosign` on PATH that notes its arguments and does this. */
  function standIn(script: string): NodeJS.ProcessEnv {
    const file = path.join(home, "bin", "cosign");
    writeFileSync(file, `#!/bin/sh\nprintf '%s\\n' "$*" >>"${home}/calls"\n${script}\n`, { mode: 0o755 });
    return { PATH: `${path.join(home, "bin")}:/usr/bin:/bin` };
  }

  const signer = { name: "the key k", args: ["--key=k"] };
  const ask = (env: NodeJS.ProcessEnv, limit?: number, repository = "registry.example/app") =>
    askCosign(signer, { repository, digest: DIGEST, env, limit });

  it("is one sentence where there is no cosign", async () => {
    const made = withImage();
    const registry = await start(shelf([{ tags: ["t"], labels: labelsOf(made, made.head(), "images/app") }]));
    const reference = `${registry.host}/app:t`;
    const env = { PATH: path.join(home, "bin") };
    const error = {
      code: "CosignNotFound",
      message:
        "cosign is not on PATH, and signatures can't be checked without it. Install cosign 3, or omit --key and " +
        "--certificate-identity.",
    };
    assert.deepEqual(await cliJson(["verify", reference, "--key", "k"], { env }), { status: 1, json: { error } });
    const many = await cliJson(["verify", reference, `${reference}@${DIGEST}`, "--key", "k"], { env });
    assert.deepEqual([many.status, many.json.error ?? many.json.images], [1, error]);
  });

  it("asks for the digest, over plain HTTP only where that is allowed", async () => {
    const env = standIn("echo 'Error: no signatures found' >&2; exit 10");
    await ask(env);
    await ask(env, undefined, "127.0.0.1:5000/app");
    await ask({ ...env, VERSIONED_IMAGE_INSECURE_REGISTRIES: "registry.example" });
    const calls = readFileSync(path.join(home, "calls"), "utf8").split("\n").sort();
    const options = "--output=json --key=k";
    const attestation = `verify-attestation --type=slsaprovenance1 ${options}`;
    assert.deepEqual(
      calls,
      [
        "",
        `verify ${options} registry.example/app@${DIGEST}`,
        `verify ${options} --allow-http-registry 127.0.0.1:5000/app@${DIGEST}`,
        `verify ${options} --allow-http-registry registry.example/app@${DIGEST}`,
        `${attestation} registry.example/app@${DIGEST}`,
        `${attestation} --allow-http-registry 127.0.0.1:5000/app@${DIGEST}`,
        `${attestation} --allow-http-registry registry.example/app@${DIGEST}`,
      ].sort(),
    );
  });

  it("takes for an answer only that there is none", async () => {
    const answers = await ask(
      standIn(`echo 'WARNING: x' >&2; echo 'Error: no matching signatures: two
lines' >&2; echo 'error during command execution: no matching signatures' >&2; exit 12`),
    );
    assert.deepEqual(answers, {
      by: "the key k",
      signature: { found: 0, words: "no matching signatures: two lines" },
      predicates: { found: [], words: "no matching signatures: two lines" },
    });
    for (const script of [
      "echo 'Error: getting trusted root: no such host' >&2; exit 1",
      "exit 1",
      "echo 'Error: no signatures found' >&2; kill -9 $$",
    ]) {
      await errorOf("CosignFailed", () => ask(standIn(script)));
    }
  });

  it("does not believe an answer about another image, or none", async () => {
    const answer = (digest: string) =>
      JSON.stringify([{ critical: { image: { "docker-manifest-digest": digest }, type: SIGNED } }]);
    for (const output of ["", "{}", "null", answer(sha256("other")), `${answer(DIGEST)}x`]) {
      const message = await errorOf("CosignFailed", () => ask(standIn(`printf '%s' '${output}'`)));
      assert.match(message, /gave no result: its output is not that of cosign 3\. /);
    }
  });

  it("waits for no longer than the limit, and reads no more than so much", async () => {
    const slow = standIn("sleep 60 & sleep 60");
    assert.match(
      await errorOf("CosignFailed", () => ask(slow, 200)),
      / gave no result: it did not end within 0\.2 seconds\. /,
    );
    assert.match(await errorOf("CosignFailed", () => ask(standIn("yes"))), / is longer than 16777216 characters\. /);
  });

  it("shows a limited number of its words", async () => {
    const message = await errorOf("CosignFailed", () =>
      ask(standIn(`echo "Error: $(printf 'x%.0s' $(seq 2000))" >&2; exit 1`)),
    );
    assert.ok(message.includes(`: ${"x".repeat(500)}. Check `), message);
  });

  describe("counts", () => {
    const image = { "docker-manifest-digest": DIGEST };

    it("signatures, of which attestations are none", () => {
      const listed = [SIGNED, SLSA, "cosign container image signature", undefined].map((type) => ({
        critical: { image, type },
      }));
      assert.equal(signaturesIn(JSON.stringify(listed), DIGEST), 2);
      assert.equal(signaturesIn("[]", DIGEST), 0);
    });

    it("attestations of the image and of the type that was asked for", () => {
      const line = (statement: object, payloadType = "application/vnd.in-toto+json") =>
        JSON.stringify({ payload: Buffer.from(JSON.stringify(statement)).toString("base64"), payloadType });
      const subject = [{ digest: { sha256: DIGEST.slice("sha256:".length) } }];
      const right = { predicateType: SLSA, subject, predicate: { a: 1 } };
      assert.deepEqual(attestationsIn(`${line(right)}\n${line(right)}\n`, DIGEST, SLSA), [{ a: 1 }, { a: 1 }]);
      assert.deepEqual(attestationsIn("", DIGEST, SLSA), []);
      for (const wrong of [
        line({ ...right, predicateType: "other" }),
        line({ ...right, subject: [{ digest: { sha256: "0" } }] }),
        line({ ...right, subject: undefined }),
        line(right, "text/plain"),
        `${line(right)}\nnonsense`,
      ]) {
        assert.equal(attestationsIn(wrong, DIGEST, SLSA), undefined);
      }
    });

    it("nothing in whatever else is said", () => {
      fc.assert(
        fc.property(fc.oneof(fc.string(), fc.json()), (output) => {
          assert.equal(signaturesIn(output, DIGEST) ?? 0, 0);
          assert.deepEqual(attestationsIn(output, DIGEST, SLSA) ?? [], []);
        }),
      );
    });
  });

  it("refuses options that do not go together", async () => {
    withImage();
    for (const [argv, words] of [
      [["--key", "k", "--certificate-identity", "x", "--certificate-oidc-issuer", "y"], /can't be combined/],
      [["--certificate-identity", "x"], /must be used together/],
      [["--certificate-oidc-issuer", "y"], /must be used together/],
      [["--no-transparency-log"], /need --key or --certificate-identity/],
      [["--trusted-root", "r"], /need --key or --certificate-identity/],
    ] as const) {
      const { status, json } = await cliJson(["verify", "a.b/c:1", ...argv]);
      assert.deepEqual([status, json.error.code], [1, "InvalidArgument"]);
      assert.match(json.error.message, words);
    }
  });
});
