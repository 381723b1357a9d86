import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { Cosign } from "../../support/cosign";
import { OwnRegistry } from "../../support/ownRegistry";
import { pushImage } from "../../support/pushImage";
import type { Repo } from "../../support/repo";
import { BUILD, cli, cliJson, labelsOf, repositories, SOURCE } from "./setup";

interface CheckJson {
  name: string;
  result: string;
  message: string;
}

/** With the real cosign and a real registry. */
describe("versioned-image verify of signatures", () => {
  const { withImage, keep } = repositories();
  let registry: OwnRegistry;
  let home: string;
  let cosign: Cosign;
  let key: string;
  let otherKey: string;
  let number = 0;

  before(async function () {
    const obstacle =
      Cosign.obstacle() ?? (OwnRegistry.isAvailable() ? undefined : "there is no docker-registry (Debian's package)");
    if (obstacle) {
      console.log(`Signatures are not tested with the real cosign: ${obstacle}.`);
      this.skip();
    }
    home = mkdtempSync(path.join(tmpdir(), "cosign-"));
    cosign = new Cosign(home);
    key = cosign.keyPair("own");
    otherKey = cosign.keyPair("other");
    registry = await OwnRegistry.start();
  });

  after(async () => {
    await registry?.stop();
    if (home) {
      rmSync(home, { recursive: true });
    }
  });

  const env = () => ({ PATH: process.env.PATH, HOME: home });
  const BY_KEY = ["--no-transparency-log", "--key"];

  /** An image of the last commit in a repository that no other test uses. */
  async function published(made: Repo, labels: Record<string, string> = {}) {
    const repository = `${registry.host}/app-${number++}`;
    const tag = made.head().slice(0, 7);
    const all = {
      ...labelsOf(made, made.head(), "images/app"),
      [BUILD]: "platform=linux/amd64 dockerfile=Dockerfile",
      ...labels,
    };
    const digest = await pushImage(repository, tag, all);
    return { repository, spec: `${repository}:${tag}`, pinned: `${repository}@${digest}`, digest };
  }

  /** Writes what `provenance` prints, with changes to its text, to predicate.json. */
  async function writePredicate(spec: string, change = (text: string) => text) {
    const { status, out, err } = await cli([
      "provenance",
      spec,
      "--published",
      "--builder-id",
      "https://ci.example/main",
    ]);
    assert.deepEqual([status, err], [0, ""]);
    writeFileSync(path.join(home, "predicate.json"), change(out));
  }

  /** Attests that. */
  async function attest(name: string, spec: string, pinned: string, change?: (text: string) => string) {
    await writePredicate(spec, change);
    cosign.attest(name, "predicate.json", pinned);
  }

  /** The image of the first commit, signed and attested. Tests only read it. */
  async function provenImage() {
    const made = withImage();
    proven ??= published(made).then(async (image) => {
      cosign.sign("own", image.pinned);
      await attest("own", image.spec, image.pinned);
      return image;
    });
    return { made, ...(await proven) };
  }

  let proven: ReturnType<typeof published> | undefined;

  async function checks(spec: string, ...argv: string[]) {
    const { status, json } = await cliJson(["verify", spec, ...argv], { env: env() });
    assert.equal(json.error, undefined, json.error?.message);
    assert.equal(json.consistent, status === 0);
    const found = (json.checks as CheckJson[]).filter(({ name }) =>
      ["signature", "attestation", "content"].includes(name),
    );
    return { status, found: found.map(({ name, result, message }) => `${name} ${result}: ${message}`) };
  }

  it("proves the content of an image that is signed and attested", async () => {
    const { made, spec } = await provenImage();
    assert.deepEqual(await checks(spec, ...BY_KEY, key), {
      status: 0,
      found: [
        `signature proven: the digest is signed by the key ${key}`,
        `attestation proven: the key ${key} attests that it was built from commit ${made.head()}, images/app`,
        `content proven: the key ${key} vouches that the files in the image are those of the commit`,
      ],
    });
    const { out } = await cli(["verify", spec, ...BY_KEY, key], { env: env() });
    assert.doesNotMatch(out, /Not proven/);
    assert.match(out, /\nVerified: the image's labels and files match git\.\n$/);
  });

  it("has no proof of the content where what was signed rests on labels, which can be copied", async () => {
    const made = withImage();
    const { spec, pinned } = await published(made);
    cosign.sign("own", pinned);
    await attest("own", spec, pinned, (text) => text.replace('"publisher"', '"labels"'));
    const { status, found } = await checks(spec, ...BY_KEY, key);
    assert.equal(status, 1);
    assert.equal(
      found[1],
      `attestation proven: the key ${key} attests that its labels agree with commit ${made.head()}, images/app`,
    );
    assert.match(found[2] ?? "", /^content unproven: the key \S+ vouches only for labels/);
  });

  it("has no proof by another key, whatever its words", async () => {
    const made = withImage();
    const { spec, pinned } = await published(made);
    cosign.sign("other", pinned);
    await attest("other", spec, pinned);
    const { status, found } = await checks(spec, ...BY_KEY, key);
    assert.equal(status, 1);
    assert.match(
      found[0] ?? "",
      new RegExp(`^signature unproven: no signature by the key ${key} \\(cosign: no matching `),
    );
    assert.match(
      found[1] ?? "",
      new RegExp(`^attestation unproven: no provenance attested by the key ${key} \\(cosign: `),
    );
    assert.match(found[2] ?? "", /^content unproven: /);
    assert.equal((await checks(spec, ...BY_KEY, otherKey)).status, 0);
  });

  it("has no proof where one of signature and attestation is missing", async () => {
    const made = withImage();
    const signed = await published(made);
    cosign.sign("own", signed.pinned);
    const onlySigned = await checks(signed.spec, ...BY_KEY, key);
    assert.equal(onlySigned.status, 1);
    assert.match(onlySigned.found[0] ?? "", /^signature proven: /);
    assert.match(
      onlySigned.found[1] ?? "",
      /^attestation unproven: no provenance attested by the key \S+ \(cosign: .+\)$/,
    );
    assert.match(onlySigned.found[2] ?? "", /^content unproven: /);

    const attested = await published(made);
    await attest("own", attested.spec, attested.pinned);
    const onlyAttested = await checks(attested.spec, ...BY_KEY, key);
    assert.equal(onlyAttested.status, 1);
    assert.equal(
      onlyAttested.found[0],
      `signature unproven: the key ${key} has attested the digest, but not signed it: run cosign sign`,
    );
    assert.match(onlyAttested.found[1] ?? "", /^attestation proven: /);
    assert.match(onlyAttested.found[2] ?? "", /^content unproven: /);

    const nothing = await checks((await published(made)).spec, ...BY_KEY, key);
    assert.equal(nothing.status, 1);
    assert.equal(nothing.found[0], `signature unproven: no signature by the key ${key} (cosign: no signatures found)`);
  });

  it("finds an attestation of another commit out, even beside a right one", async () => {
    const made = withImage().write("images/app/main", "two\n").add().commit("Say two");
    const { spec, pinned } = await published(made);
    const first = made.git("rev-parse", "HEAD~1");
    cosign.sign("own", pinned);
    await attest("own", spec, pinned);
    await attest("own", spec, pinned, (text) => text.replaceAll(made.head(), first));
    const { status, found } = await checks(spec, ...BY_KEY, key);
    assert.equal(status, 1);
    assert.equal(
      found[1],
      `attestation contradicted: the key ${key} attests commit ${first}, but the image says ${made.head()}`,
    );
    assert.match(found[2] ?? "", /^content unproven: /);
  });

  it("has no proof in a clone that lacks the commit", async () => {
    const { made, spec } = await provenImage();
    const commit = made.head();
    made.write("images/app/main", "2").add().commit("Say two");
    process.chdir(keep(made.clone("--depth=1")).directory);
    const { status, found } = await checks(spec, ...BY_KEY, key);
    assert.equal(status, 1);
    assert.equal(
      found[1],
      `attestation unproven: the key ${key} attests commit ${commit}, which is not in this repository`,
    );
    assert.match(found[2] ?? "", /^content unproven: /);
  });

  it("never proves a debug image by a signature", async () => {
    const made = withImage();
    await writePredicate((await published(made)).spec);
    const debug = await published(made, { "dev.versioned-image.dirty": "false" });
    cosign.sign("own", debug.pinned);
    cosign.attest("own", "predicate.json", debug.pinned);
    const { status, found } = await checks(debug.spec, ...BY_KEY, key);
    assert.equal(status, 1);
    assert.match(found[0] ?? "", /^signature proven: /);
    assert.match(found[2] ?? "", /^content unproven: it is a debug image/);
  });

  it("takes a certificate of an identity", async function () {
    const identity = "https://ci.example/main";
    const issuer = "https://issuer.example";
    if (!authority(home, identity, issuer)) {
      console.log("Certificates are not tested: there is no openssl here.");
      this.skip();
    }
    cosign.run("import-key-pair", "--key=leaf.pem.key", "--output-key-prefix=leaf", "--yes");
    cosign.run(
      "trusted-root",
      "create",
      "--fulcio=url=https://fulcio.example,certificate-chain=ca.pem",
      "--out=root.json",
    );
    const made = withImage();
    const { spec, pinned } = await published(made);
    const certificate = ["--certificate=leaf.pem", "--certificate-chain=ca.pem"];
    cosign.sign("leaf", pinned, ...certificate);
    const { out } = await cli(["provenance", spec, "--published"]);
    writeFileSync(path.join(home, "predicate.json"), out);
    cosign.attest("leaf", "predicate.json", pinned, ...certificate);
    const by = (who: string, whose: string) => [
      ...["--certificate-identity", who, "--certificate-oidc-issuer", whose],
      ...["--trusted-root", path.join(home, "root.json"), "--no-transparency-log"],
    ];
    const right = await checks(spec, ...by(identity, issuer));
    assert.deepEqual(right, {
      status: 0,
      found: [
        `signature proven: the digest is signed by ${identity} (${issuer})`,
        `attestation proven: ${identity} (${issuer}) attests that it was built from commit ${made.head()}, images/app`,
        `content proven: ${identity} (${issuer}) vouches that the files in the image are those of the commit`,
      ],
    });
    for (const wrong of [by("https://ci.example/other", issuer), by(identity, "https://other.example")]) {
      const { status, found } = await checks(spec, ...wrong);
      assert.equal(status, 1);
      assert.match(found[0] ?? "", /^signature unproven: no signature by /);
    }
  });

  it("is an error where cosign can't tell", async () => {
    const { spec } = await published(withImage());
    const missing = path.join(home, "none.pub");
    const { status, json } = await cliJson(["verify", spec, ...BY_KEY, missing], { env: env() });
    assert.equal(status, 1);
    assert.equal(json.error.code, "CosignFailed");
    assert.match(
      json.error.message,
      /gave no result: .*none\.pub: no such file or directory\. Check that this works by hand: cosign verify/,
    );
  });

  it("verifies many by their signatures", async () => {
    const { made, ...one } = await provenImage();
    const two = await published(made);
    const { status, out } = await cli(["verify", one.spec, two.spec, ...BY_KEY, key], { env: env() });
    assert.equal(status, 1);
    assert.equal(
      out,
      `verified      ${one.spec.padEnd(two.spec.length)}  ${made.head().slice(0, 12)} Add the image
not verified  ${two.spec}  no proof of signature, attestation

1 of 2 images consistent with git, 1 of them verified.
`,
    );
  });

  it("says provenance that cosign takes whole", async () => {
    const made = withImage();
    made.git("remote", "add", "origin", "https://example.com/app.git");
    const { spec, pinned } = await published(made, { [SOURCE]: "https://example.com/app.git" });
    const { out } = await cli(["provenance", spec, "--builder-id", "https://ci.example/main"]);
    writeFileSync(path.join(home, "predicate.json"), out);
    cosign.attest("own", "predicate.json", pinned);
    const printed = cosign.run(
      ...["verify-attestation", "--type=slsaprovenance1", "--key=own.pub", "--insecure-ignore-tlog", pinned],
    );
    const { predicate } = JSON.parse(Buffer.from(JSON.parse(printed).payload, "base64").toString());
    assert.deepEqual(predicate, JSON.parse(out));
  });
});

/** A certificate authority and a certificate of it, as Fulcio gives them. Whether there is an openssl to make them. */
function authority(home: string, identity: string, issuer: string): boolean {
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: home, stdio: "pipe" });
  try {
    openssl("version");
  } catch {
    return false;
  }
  const key = (file: string) => openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", file);
  key("ca.key");
  key("leaf.pem.key");
  openssl(
    ...["req", "-x509", "-new", "-key", "ca.key", "-subj", "/O=test/CN=test", "-days", "2", "-out", "ca.pem"],
    ...["-addext", "basicConstraints=critical,CA:TRUE,pathlen:1", "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
  );
  writeFileSync(
    path.join(home, "extensions"),
    `basicConstraints=CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=codeSigning
subjectAltName=URI:${identity}
1.3.6.1.4.1.57264.1.8=ASN1:UTF8String:${issuer}
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
`,
  );
  openssl("req", "-new", "-key", "leaf.pem.key", "-subj", "/", "-out", "leaf.csr");
  openssl(
    ...["x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1"],
    ...["-extfile", "extensions", "-out", "leaf.pem"],
  );
  return true;
}
