import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { createRegistryClient } from "../../../components/registry";
import { Cosign } from "../../support/cosign";
import { ABSENT } from "../../support/fakeRegistry";
import { pushIndex, pushList, pushReferrer } from "../../support/images";
import { OwnRegistry, twoRegistries } from "../../support/ownRegistry";
import { CANARY, startPrivateRegistry, USER } from "../../support/privateRegistry";
import { pushBlob, pushImage, pushManifest } from "../../support/pushImage";
import { RegistryProxy } from "../../support/registryProxy";
import type { Repo } from "../../support/repo";
import { cli, cliJson, DIRTY, labelsOf, repositories, sha256, TREE } from "./setup";

const VERSION = "org.opencontainers.image.version";

/** Distribution of the two generations that there are. */
const PROGRAMS = ["docker-registry", "registry"].filter((program) => OwnRegistry.isAvailable(program));

for (const program of PROGRAMS) {
  describe(`versioned-image copy between two of ${program}`, () => {
    const { withImage } = repositories();
    const [staging, production] = twoRegistries(program);
    let number = 0;

    /** A version with two platforms in a repository that no other test uses. */
    async function published(made: Repo, labels: Record<string, string> = {}) {
      const from = `${staging.host}/staging/app${++number}`;
      const tag = made.head().slice(0, 7);
      const all = { ...labelsOf(made, made.head(), "images/app"), [VERSION]: tag, [DIRTY]: "", ...labels };
      const index = await pushIndex(from, tag, all);
      return { from, to: `${production.host}/production/app${number}`, tag, ...index };
    }

    it("copies an index with its platforms, digest for digest, and nothing the second time", async () => {
      const { from, to, tag, digest, images } = await published(withImage());
      const first = await cliJson(["copy", `${from}:${tag}`, to]);
      const copied = {
        given: `${from}:${tag}`,
        source: `${from}@${digest}`,
        repository: to,
        tag,
        digest,
        reference: `${to}:${tag}@${digest}`,
      };
      const size = first.json.images[0]?.size;
      assert.deepEqual(
        [first.status, first.json],
        [
          0,
          {
            dryRun: false,
            images: [
              {
                ...copied,
                outcome: "copied",
                size,
                blobs: { there: 0, mounted: 0, sent: 4, bytes: size },
                attached: 0,
              },
            ],
          },
        ],
      );
      const client = createRegistryClient({ env: {} });
      for (const each of [digest, ...images]) {
        assert.deepEqual(
          (await client.manifest(to, each))?.bytes.toString(),
          (await client.manifest(from, each))?.bytes.toString(),
        );
      }
      assert.deepEqual(await client.tags(to), [tag]);
      const again = await cli(["copy", `${from}:${tag}`, to]);
      assert.deepEqual(
        [again.status, again.err, again.out],
        [0, "", `unchanged  ${to}:${tag}@${digest}  from ${from}\n`],
      );
    });

    it("waits for the tags of all its images at the same time", async () => {
      // More than are copied at once.
      const made = withImage();
      const all = await Promise.all(Array.from({ length: 10 }, () => published(made)));
      const waiting: (() => void)[] = [];
      const sleep = () =>
        new Promise<void>((resolve) => {
          waiting.push(resolve);
          if (waiting.length === all.length) {
            for (const end of waiting) {
              end();
            }
          }
        });
      const to = `${production.host}/at-once-${number}`;
      const given = all.map(({ from, tag }) => `${from}:${tag}`);
      const { status } = await cli(["copy", ...given, `${to}/{name}`], { sleep });
      assert.deepEqual([status, waiting.length], [0, all.length]);
    });

    it("mounts blobs within a registry", async () => {
      const { from, tag, digest } = await published(withImage());
      const to = `${staging.host}/production/app${number}`;
      const { status, out } = await cli(["copy", `${from}:${tag}`, to]);
      assert.deepEqual([status, out], [0, `copied  ${to}:${tag}@${digest}  from ${from}, 4 blobs mounted\n`]);
    });

    it("copies the version of a directory, and a name for each repository", async () => {
      const made = withImage();
      const { from, tag, digest } = await published(made);
      const pattern = from.replace(/app\d+$/, "{name}");
      await cli(["copy", `${from}:${tag}`, from.replace(/app\d+$/, "app")]);
      const to = `${production.host}/by-name-${number}`;
      const { status, out, err } = await cli(["copy", "images/app", `${to}/{name}`, "--from", pattern]);
      assert.deepEqual([status, err, out.split("  ").slice(0, 2)], [0, "", ["copied", `${to}/app:${tag}@${digest}`]]);
    });

    it("gives the copy its release tags once, and copies nothing if another image has one of them", async () => {
      const made = withImage();
      const { from, to, tag, digest } = await published(made);
      const client = createRegistryClient({ env: {} });
      const argv = ["copy", `${from}:${tag}`, to, "--release-tag", "v1.4.0"];
      const dry = await cli([...argv, "--dry-run"]);
      assert.deepEqual([dry.status, dry.err], [0, `${to}:${tag}: will be released as v1.4.0\n`]);
      assert.equal(await client.resolve(to, "v1.4.0"), undefined);
      const { status, err } = await cli(argv);
      assert.equal(status, 0, err);
      assert.ok(err.endsWith(`${to}:${tag}: setting the tag v1.4.0\n${to}:${tag}: released as v1.4.0\n`), err);
      assert.equal((await client.resolve(to, "v1.4.0"))?.digest, digest);
      assert.deepEqual((await cliJson([...argv, "--dry-run"])).json.images[0]?.outcome, "unchanged");

      const old = made.head();
      made.write("images/app/main", "two\n").add().commit("Two");
      const next = await published(made);
      const another = await cliJson(["copy", `${next.from}:${next.tag}`, to, "--release-tag", "v1.4.0"]);
      const { code, message } = another.json.images[0].error;
      assert.deepEqual([another.status, code], [1, "ReleaseTagTaken"], message);
      assert.ok(
        message.includes(`(${digest}, an image of commit ${old}), and ${to}:${next.tag} is another image`),
        message,
      );
      assert.equal(await client.resolve(to, next.tag), undefined);
    });

    it("says what it would copy in a dry run, and writes nothing", async () => {
      const { from, to, tag, digest } = await published(withImage());
      const { status, out } = await cli(["copy", `${from}:${tag}`, to, "--dry-run"]);
      assert.deepEqual([status, out], [0, `will be copied  ${to}:${tag}@${digest}  from ${from}, 0.1 MB\n`]);
      assert.deepEqual(await createRegistryClient({ env: {} }).tags(to), []);
    });

    it("never overwrites a tag", async () => {
      const made = withImage();
      const { from, to, tag, digest } = await published(made);
      const other = await pushImage(to, tag, {});
      const { status, err } = await cli(["copy", `${from}:${tag}`, to]);
      assert.deepEqual(
        [status, err],
        [
          1,
          `versioned-image: ${to}:${tag} is in the registry already as ${other}, but ${from} has it as ${digest}: it was built twice. It is ` +
            "never overwritten. Use the existing image, or copy to a repository that contains only copies. [TagTaken]\n",
        ],
      );
    });

    it("copies what refers to the image and to its platforms, under the tag that lists it where there is no API", async () => {
      const { from, to, tag, digest, images } = await published(withImage());
      const [image = ""] = images;
      const signature = await pushReferrer(from, digest, "application/vnd.example.signature");
      const sbom = await pushReferrer(from, image, "application/vnd.example.sbom");
      const signed = await pushReferrer(from, sbom.digest, "application/vnd.example.signature");
      for (const [subject, entry] of [
        [digest, signature],
        [image, sbom],
        [sbom.digest, signed],
      ] as const) {
        await pushList(from, subject, [entry]);
      }
      const { status, json } = await cliJson(["copy", `${from}:${tag}`, to]);
      assert.deepEqual([status, json.images[0].outcome, json.images[0].attached], [0, "copied", 3]);
      const client = createRegistryClient({ env: {} });
      for (const each of [signature, sbom, signed]) {
        assert.equal((await client.manifest(to, each.digest))?.digest, each.digest);
      }
      for (const subject of [digest, image, sbom.digest]) {
        const list = subject.replace(":", "-");
        const [there, here] = await Promise.all([client.manifest(from, list), client.manifest(to, list)]);
        assert.deepEqual(JSON.parse(String(here?.bytes)).manifests, JSON.parse(String(there?.bytes)).manifests);
      }
      assert.deepEqual(
        (await client.tags(to)).sort(),
        [tag, ...[digest, image, sbom.digest].map((each) => each.replace(":", "-"))].sort(),
      );
    });

    it("copies cosign's tags, moves them to more of the same, and leaves what a signer of the target has added", async () => {
      const { from, to, tag, digest } = await published(withImage());
      const signatures = `${digest.replace(":", "-")}.sig`;
      const first = await pushIndex(from, signatures, {}, { platforms: ["amd64"] });
      const client = createRegistryClient({ env: {} });
      const there = async () => (await client.resolve(to, signatures))?.digest;
      assert.equal((await cliJson(["copy", `${from}:${tag}`, to])).json.images[0].attached, 1);
      assert.equal(await there(), first.digest);

      const layer = "application/vnd.dev.cosign.simplesigning.v1+json";
      const [one, two, other] = [
        await pushSigned(from, layer, 1),
        await pushSigned(from, layer, 2),
        await pushSigned(to, layer, 3),
      ];
      await pushSigned(to, layer, 1);
      await pushManifest(to, signatures, one.type, one.body);
      await pushManifest(from, signatures, two.type, two.body);
      assert.deepEqual((await cli(["copy", `${from}:${tag}`, to])).err, "");
      assert.equal(await there(), sha256(two.body));

      await pushManifest(to, signatures, other.type, other.body);
      await pushManifest(from, signatures, one.type, one.body);
      const { status, err } = await cli(["copy", `${from}:${tag}`, to]);
      assert.deepEqual(
        [status, err],
        [
          0,
          `versioned-image: warning: ${to}:${tag}: ${to}:${signatures} has signatures or attestations that the source lacks, so it stays ` +
            "unchanged, and those of the source are not added. If they are needed, sign the copy with cosign.\n",
        ],
      );
      assert.equal(await there(), sha256(other.body));
    });

    it("checks the version of a directory as an adoption does", async () => {
      const made = withImage();
      const { from, to, tag } = await published(made, { [TREE]: "7".repeat(40) });
      const { status, err } = await cli(["copy", "images/app", to, "--from", from]);
      assert.equal(status, 1);
      assert.ok(
        err.startsWith(`versioned-image: ${from}:${tag} is in the registry already, but it was built from other files`),
        err,
      );
      assert.ok(err.endsWith("[TagTaken]\n"), err);
    });

    const REFUSED: [string, Record<string, string>, string][] = [
      ["an image without labels of a version", { [VERSION]: "" }, "its labels do not say which version it is"],
      ["a debug image", { [DIRTY]: "true", [VERSION]: "1234567-debug" }, "it is a debug image, built from files"],
      [
        "a version that is another one by its labels",
        { [VERSION]: "1234567" },
        "its labels are inconsistent: version 1234567 matches neither commit",
      ],
    ];
    for (const [what, labels, why] of REFUSED) {
      it(`refuses ${what}`, async () => {
        const { from, to, tag } = await published(withImage(), labels);
        const { status, err } = await cli(["copy", `${from}:${tag}`, to]);
        assert.equal(status, 1);
        assert.ok(err.startsWith(`versioned-image: ${from}:${tag} can't be copied: ${why}`), err);
        assert.ok(err.endsWith("[NotCopyable]\n"), err);
      });
    }

    it("refuses a version that is no tag, and asks the target for nothing", async () => {
      const made = withImage();
      const { from, digest } = await published(made, { [VERSION]: `../../other/manifests/${made.head().slice(0, 7)}` });
      const target = await RegistryProxy.start({ upstream: production.host });
      try {
        const { status, err } = await cli(["copy", `${from}@${digest}`, `${target.host}/app`]);
        assert.equal(status, 1);
        assert.match(err, /its labels are inconsistent: version \.\.\/\.\.\/other\/manifests\/\w+ matches neither/);
        assert.deepEqual(target.counts, {});
      } finally {
        await target.stop();
      }
    });

    it("refuses a digest that is not what its version's tag serves, such as one platform of an index", async () => {
      const { from, to, tag, digest, images } = await published(withImage());
      const { status, err } = await cli(["copy", `${from}@${images[0]}`, to]);
      assert.deepEqual(
        [status, err],
        [
          1,
          `versioned-image: ${from}@${images[0]} says that it is the version ${tag}, but the registry serves ${digest} under that ` +
            `tag. Copy ${from}:${tag}, or first give that tag back to the right image. [DigestMismatch]\n`,
        ],
      );
      assert.deepEqual(await createRegistryClient({ env: {} }).tags(to), []);
    });

    it("refuses a release tag that looks like another version of a reference's image", async () => {
      const made = withImage();
      const { from, to, tag, digest } = await published(made, { [VERSION]: `git-${made.head().slice(0, 7)}` });
      const copied = await cli(["copy", `${from}@${digest}`, to, "--release-tag", "git-1234567"]);
      assert.deepEqual(
        [copied.status, copied.err],
        [
          1,
          "versioned-image: releaseTags: git-1234567 looks like a version's tag, which is set only when that version is published: use another " +
            "name. [InvalidArgument]\n",
        ],
      );
      assert.deepEqual(await createRegistryClient({ env: {} }).tags(to), []);
      assert.equal((await cli(["copy", `${from}@${digest}`, to, "--release-tag", "v1"])).status, 0);
      assert.deepEqual((await createRegistryClient({ env: {} }).tags(to)).sort(), [`git-${tag}`, "v1"]);
    });

    it("says which part of an image the source lacks", async () => {
      const made = withImage();
      const { from, to, tag, digest, images, blobs } = await published(made);
      for (const [kind, lost, what] of [
        ["manifests", images[1], "image"],
        ["blobs", blobs[0], "configuration"],
      ] as const) {
        const lossy = await RegistryProxy.start({
          upstream: staging.host,
          moods: [({ url }) => (url.endsWith(`/${kind}/${lost}`) ? { instead: ABSENT } : undefined)],
        });
        try {
          const source = from.replace(staging.host, lossy.host);
          const { status, err } = await cli(["copy", `${source}:${tag}`, to]);
          const name = from.slice(from.indexOf("/") + 1);
          assert.equal(status, 1);
          assert.ok(
            err.endsWith(
              ` in the registry ${lossy.host} is incomplete: the registry lacks its ${what} ${lost}, which it consists of. Build and publish ` +
                "it again, or delete the tag. [NotAnImage]\n",
            ),
            err,
          );
          assert.ok(err.startsWith(`versioned-image: ${name}@${what === "image" ? digest : images[0]} in`), err);
        } finally {
          await lossy.stop();
        }
      }
    });

    it("names what is not there, and does not let it hide the others", async () => {
      const { from, to, tag } = await published(withImage());
      const { status, json } = await cliJson(["copy", `${from}:${tag}`, `${from}:1234567`, to]);
      assert.deepEqual(
        [
          status,
          json.images.map(
            (image: { outcome?: string; error?: { code: string } }) => image.outcome ?? image.error?.code,
          ),
        ],
        [1, ["copied", "ImageNotFound"]],
      );
    });
  });
}

/** A manifest as cosign has it under its tags, with so many signatures, whose blobs are in a repository. */
async function pushSigned(repository: string, mediaType: string, signatures: number) {
  const type = "application/vnd.oci.image.manifest.v1+json";
  const blobs = Array.from(
    { length: signatures + 1 },
    (_, index) => `${index === 0 ? signatures : ""}{"signature": ${index}}`,
  );
  // Each has those of the one with fewer, but for three.
  const contents = blobs.map((text, index) => (signatures === 3 && index > 0 ? `${text} of the target` : text));
  await Promise.all(contents.map((text) => pushBlob(repository, text)));
  const [config, ...layers] = contents.map((text) => ({ mediaType, digest: sha256(text), size: text.length }));
  return { type, body: JSON.stringify({ schemaVersion: 2, mediaType: type, config, layers }) };
}

describe("versioned-image copy", () => {
  const { withImage } = repositories();

  it("wants to know where the versions of directories are", async () => {
    withImage();
    const { status, err } = await cli(["copy", "images/app", "127.0.0.1:1/app"]);
    assert.deepEqual(
      [status, err],
      [
        1,
        "versioned-image: images/app is a directory. Name the repository of its versions, as in --from gcr.io/staging/{name}. " +
          "(A reference has a registry host, and a tag or digest.) [InvalidArgument]\n",
      ],
    );
  });

  it("says what is wrong with a reference, and takes none for a directory", async () => {
    withImage();
    for (const given of ["alpine", "alpine:3"]) {
      const { status, err } = await cli(["copy", given, "127.0.0.1:1/app"]);
      assert.deepEqual(
        [status, err],
        [
          1,
          `versioned-image: ${given} is not a directory: "${given}" does not name an image in a registry: it has no registry host: add one in front, ` +
            `for instance docker.io/library/${given} for Docker Hub. [InvalidArgument]\n`,
        ],
      );
    }
  });

  it("refuses to mix images in one repository", async () => {
    withImage();
    const { status, err } = await cli(["copy", "127.0.0.1:1/a:1234567", "127.0.0.1:1/b:1234567", "127.0.0.1:1/c"]);
    assert.deepEqual(
      [status, err],
      [
        1,
        "versioned-image: 127.0.0.1:1/c would hold versions of different images, with no way to tell them apart. Use {name} for the last part of " +
          "each image's name, as in 127.0.0.1:1/c/{name}. [InvalidArgument]\n",
      ],
    );
  });

  it("refuses to mix images whose names end alike", async () => {
    withImage();
    const given = ["127.0.0.1:1/one/a:1234567", "127.0.0.1:1/two/a:1234567", "127.0.0.1:1/b:1234567"];
    const { status, err } = await cli(["copy", ...given, "127.0.0.1:1/c/{name}"]);
    assert.deepEqual(
      [status, err],
      [
        1,
        "versioned-image: 127.0.0.1:1/c/a would hold versions of different images, with no way to tell them apart. Copy images whose names end " +
          "alike by a call each, to repositories of their own. [InvalidArgument]\n",
      ],
    );
  });

  it("needs to know where to", async () => {
    const { status, err } = await cli(["copy", "127.0.0.1:1/a:1234567"]);
    assert.deepEqual([status, err], [2, "error: missing required argument 'repository'\n(see --help for usage)\n"]);
  });
});

describe("versioned-image copy with logins and signatures", () => {
  const { withImage } = repositories();
  const [staging, production] = twoRegistries(undefined, startPrivateRegistry);
  let home: string;

  before(() => {
    home = mkdtempSync(path.join(tmpdir(), "copy-"));
  });

  after(() => {
    if (home) {
      rmSync(home, { recursive: true });
    }
  });

  async function published(name: string) {
    const made = withImage();
    const tag = made.head().slice(0, 7);
    const from = `${staging.host}/staging/${name}`;
    const index = await pushIndex(from, tag, { ...labelsOf(made, made.head(), "images/app"), [VERSION]: tag });
    return { from, to: `${production.host}/${name}`, tag, ...index };
  }

  const loggedIn = () => {
    const auth = Buffer.from(`${USER}:${CANARY}`).toString("base64");
    writeFileSync(path.join(home, "config.json"), JSON.stringify({ auths: { [production.host]: { auth } } }));
    return { DOCKER_CONFIG: home, PATH: process.env.PATH, HOME: home };
  };

  it("logs in to each registry by itself", async () => {
    const { from, to, tag, digest } = await published("login");
    const refused = await cli(["copy", `${from}:${tag}`, to]);
    assert.deepEqual([refused.status, refused.err.slice(-23)], [1, "[RegistryUnauthorized]\n"]);
    const { status, err, out } = await cli(["copy", `${from}:${tag}`, to], { env: loggedIn() });
    assert.deepEqual([status, err, out.split("  ")[1]], [0, "", `${to}:${tag}@${digest}`]);
  });

  it("copies what cosign has signed, so that cosign finds it there, and nothing that has no signature", async function () {
    const obstacle = Cosign.obstacle();
    if (obstacle) {
      console.log(`      left out: ${obstacle}`);
      this.skip();
    }
    const { from, to, tag, digest } = await published("signed");
    const cosign = new Cosign(home);
    const key = cosign.keyPair("own");
    const argv = ["copy", `${from}:${tag}`, to, "--key", key, "--no-transparency-log"];
    const unsigned = await cli(argv, { env: loggedIn() });
    assert.deepEqual([unsigned.status, unsigned.err.slice(-14)], [1, "[NotVerified]\n"]);
    cosign.sign("own", `${from}@${digest}`);
    writeFileSync(path.join(home, "predicate.json"), JSON.stringify({ buildDefinition: {}, runDetails: {} }));
    cosign.attest("own", "predicate.json", `${from}@${digest}`);
    const { status, err } = await cli(argv, { env: loggedIn() });
    assert.deepEqual([status, err], [0, ""]);
    const found = (...command: string[]) =>
      cosign.run(...command, `--key=${key}`, "--insecure-ignore-tlog", "--allow-http-registry", `${to}@${digest}`);
    process.env.DOCKER_CONFIG = home;
    assert.match(found("verify", "--output=json"), new RegExp(digest));
    found("verify-attestation", "--type=slsaprovenance1");
  });
});
