import * as assert from "node:assert/strict";
import fc from "fast-check";
import { materialsIn } from "../../../cli/provenance/buildkitImages";
import { type Claim, claimIn, predicateOf } from "../../../cli/provenance/predicate";
import { buildPart } from "../../../components/version";
import { ABSENT, fakeRegistries, type Reply } from "../../support/fakeRegistry";
import type { Repo } from "../../support/repo";
import { BUILD, cli, DIRTY, INDEX, labelsOf, repositories, SOURCE, sha256, shelf } from "./setup";

const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const { version } = require("../../../package.json") as { version: string };

describe("versioned-image provenance", () => {
  const { withImage } = repositories();
  const start = fakeRegistries();
  const BUILT = "platform=linux/amd64 dockerfile=Dockerfile";

  /** An image of the last commit, labelled as the component does, with these changes. */
  async function published(made: Repo, changes: Record<string, string> = {}, context = "images/app") {
    const tag = made.head().slice(0, 7);
    const labels = { ...labelsOf(made, made.head(), context), [BUILD]: BUILT, ...changes };
    const registry = await start(shelf([{ tags: [tag], labels }]));
    return `${registry.host}/app:${tag}`;
  }

  it("prints where an image is from and how it was built, and that nobody says from which base images", async () => {
    const made = withImage().write("images/app/Dockerfile", `FROM debian:12@${sha256("d")}\n`);
    made.add().commit("Build from Debian");
    const source = "https://example.com/app.git";
    const reference = await published(made, { [SOURCE]: source });
    assert.deepEqual(await cli(["provenance", reference, "--builder-id", "https://ci.example/main"]), {
      status: 0,
      err: "",
      out: `{
  "buildDefinition": {
    "buildType": "https://versioned-image.dev/build/v1",
    "externalParameters": {
      "source": "https://example.com/app.git",
      "commit": "${made.head()}",
      "context": "images/app",
      "paths": [
        "images/app"
      ],
      "dockerfile": "images/app/Dockerfile",
      "build": "platform=linux/amd64 dockerfile=Dockerfile"
    },
    "internalParameters": {
      "ground": "labels",
      "baseImages": "unknown"
    },
    "resolvedDependencies": [
      {
        "name": "source",
        "uri": "git+https://example.com/app.git",
        "digest": {
          "gitCommit": "${made.head()}",
          "gitTree": "${made.git("rev-parse", "HEAD:images/app")}"
        }
      }
    ]
  },
  "runDetails": {
    "builder": {
      "id": "https://ci.example/main",
      "version": {
        "versioned-image": "${version}"
      }
    }
  }
}
`,
    });
  });

  /** An image of the last commit, with what BuildKit puts beside it. */
  async function attested(made: Repo, statement: string) {
    const tag = made.head().slice(0, 7);
    const contents = new Map<string, Reply>();
    const put = (type: string, value: unknown) => {
      const body = typeof value === "string" ? value : JSON.stringify(value);
      const digest = sha256(body);
      const headers = { "content-type": type, "docker-content-digest": digest };
      contents.set(digest, { status: 200, headers, body });
      return { mediaType: type, digest, size: body.length };
    };
    const labels = { ...labelsOf(made, made.head(), "images/app"), [BUILD]: BUILT };
    const config = put("application/vnd.oci.image.config.v1+json", {
      os: "linux",
      architecture: "amd64",
      config: { Labels: labels },
    });
    const image = put(OCI_MANIFEST, { schemaVersion: 2, config, layers: [] });
    const layer = put("application/vnd.in-toto+json", statement);
    const attestation = put(OCI_MANIFEST, {
      schemaVersion: 2,
      config,
      layers: [{ ...layer, annotations: { "in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2" } }],
    });
    const index = put(INDEX, {
      schemaVersion: 2,
      manifests: [
        { ...image, platform: { os: "linux", architecture: "amd64" } },
        {
          ...attestation,
          platform: { os: "unknown", architecture: "unknown" },
          annotations: {
            "vnd.docker.reference.digest": image.digest,
            "vnd.docker.reference.type": "attestation-manifest",
          },
        },
      ],
    });
    const registry = await start(({ url }) => {
      const named = url.slice(url.lastIndexOf("/") + 1);
      return contents.get(named === tag ? index.digest : named) ?? ABSENT;
    });
    const { status, out, err } = await cli(["provenance", `${registry.host}/app:${tag}`]);
    assert.deepEqual([status, err], [0, ""]);
    return JSON.parse(out);
  }

  it("takes the base images from BuildKit, where it says them", async () => {
    // As Docker 28.5 pushes it.
    const statement = {
      _type: "https://in-toto.io/Statement/v0.1",
      predicateType: "https://slsa.dev/provenance/v0.2",
      subject: [],
      predicate: {
        materials: [
          { uri: "pkg:docker/127.0.0.1:5000/base@1?platform=linux%2Famd64", digest: { sha256: "b".repeat(64) } },
          { uri: "https://example.com/x.tar", digest: { sha256: "c".repeat(64) } },
        ],
      },
    };
    const { buildDefinition, runDetails } = await attested(withImage(), JSON.stringify(statement));
    assert.deepEqual(buildDefinition.internalParameters, { ground: "labels", baseImages: "BuildKit" });
    assert.deepEqual(buildDefinition.resolvedDependencies.slice(1), [
      { uri: "pkg:docker/127.0.0.1:5000/base@1?platform=linux%2Famd64", digest: { sha256: "b".repeat(64) } },
    ]);
    assert.equal(runDetails.builder.id, "https://versioned-image.dev/builder/unnamed");
  });

  it("tells no base images from none that are known", async () => {
    for (const [statement, said] of [
      [JSON.stringify({ predicate: {} }), "BuildKit"],
      [JSON.stringify({ predicate: null }), "unknown"],
      ["{}", "unknown"],
      ["no JSON", "unknown"],
    ] as const) {
      const { buildDefinition } = await attested(withImage(), statement);
      assert.deepEqual(buildDefinition.internalParameters, { ground: "labels", baseImages: said }, statement);
      assert.equal(buildDefinition.resolvedDependencies.length, 1);
    }
  });

  it("says paths and Dockerfile of the directory that is named", async () => {
    const made = withImage().write("images/app/build/Dockerfile", "FROM scratch\n").add().commit("Move the Dockerfile");
    const covered = ["build", "main"].map((name) => `images/app/${name}`);
    const listed = made.git("ls-tree", "-z", "--full-tree", "HEAD", "--", ...covered);
    const tree = made.write(".git/listed", listed).git("hash-object", made.path(".git/listed"));
    const reference = await published(made, {
      "dev.versioned-image.tree": tree,
      [BUILD]: "platform=linux/amd64 dockerfile=build/Dockerfile target=x",
    });
    const named = ["--context", "images/app", "--path", "main", "--path", "build", "--dockerfile", "build/Dockerfile"];
    const { out, err } = await cli(["provenance", reference, ...named]);
    assert.equal(err, "");
    const { externalParameters } = JSON.parse(out).buildDefinition;
    assert.deepEqual(externalParameters, {
      commit: made.head(),
      context: "images/app",
      paths: covered,
      dockerfile: "images/app/build/Dockerfile",
      build: "platform=linux/amd64 dockerfile=build/Dockerfile target=x",
    });
  });

  it("prints nothing of an image that does not count as verified", async () => {
    const made = withImage();
    const tree = made.git("rev-parse", "HEAD:images/app");
    for (const [changes, why] of [
      [{ [DIRTY]: "true" }, "  content: it is a debug image, built from a directory with uncommitted changes"],
      [{ "org.opencontainers.image.revision": "1".repeat(40) }, `  tree: its tree ${tree} can't be looked up`],
      [
        { "org.opencontainers.image.created": "2020-01-01T00:00:00Z" },
        "  time: its time is 2020-01-01T00:00:00Z, but ",
      ],
    ] as [Record<string, string>, string][]) {
      const reference = await published(made, changes);
      const { status, out, err } = await cli(["provenance", reference]);
      assert.deepEqual([status, out], [1, ""]);
      assert.ok(
        err.startsWith(`versioned-image: ${reference} is not consistent with git, so it gets no provenance:\n  `),
        err,
      );
      assert.ok(err.includes(`\n${why}`), err);
      assert.ok(err.endsWith(`\nSee all checks with: versioned-image verify ${reference} [NotVerified]\n`), err);
    }
  });

  it("asks for the directory where several hold the same", async () => {
    const made = withImage().write("images/same/Dockerfile", "FROM scratch\n").write("images/same/main", "one\n");
    made.write("images/twin/Dockerfile", "FROM scratch\n").write("images/twin/main", "one\n").add().commit("Add twins");
    const reference = await published(made, {}, "images/same");
    const { status, err } = await cli(["provenance", reference]);
    assert.equal(status, 1);
    assert.match(err, /Name its directory with --context\. \[InvalidArgument\]\n$/);
    const { out } = await cli(["provenance", reference, "--context", "images/twin"]);
    assert.equal(JSON.parse(out).buildDefinition.externalParameters.context, "images/twin");
  });

  describe("reads and writes", () => {
    const text = fc.string();
    const claim: fc.Arbitrary<Claim> = fc.record({
      source: fc.option(text, { nil: undefined }),
      commit: text,
      tree: text,
      context: text,
      paths: fc.array(text, { minLength: 1 }),
      dockerfile: fc.option(text, { nil: undefined }),
      build: fc.option(text, { nil: undefined }),
    });

    it("the same claim", () => {
      const images = fc.array(fc.record({ uri: text, sha256: fc.option(text, { nil: undefined }) }));
      fc.assert(
        fc.property(claim, images, text, (given, baseImages, builderId) => {
          const predicate = predicateOf(given, { ground: "labels", builderId, version: "1", baseImages });
          assert.deepEqual(claimIn(JSON.parse(JSON.stringify(predicate))), { ...given });
          assert.deepEqual(
            materialsIn(JSON.parse(JSON.stringify(predicate))),
            baseImages.filter(({ uri }) => uri.startsWith("pkg:docker/")),
          );
        }),
      );
    });

    it("no claim out of anything else", () => {
      fc.assert(fc.property(fc.jsonValue(), (value) => assert.equal(claimIn(value), undefined)));
      fc.assert(
        fc.property(claim, text, (given, other) => {
          const predicate = predicateOf(given, { ground: "labels", builderId: "b", version: "1", baseImages: [] });
          fc.pre(other !== given.commit);
          predicate.buildDefinition.externalParameters.commit = other;
          assert.equal(claimIn(predicate), undefined);
        }),
      );
    });

    it("the parts of the label that says how it was built", () => {
      const label = "platform=linux/amd64 dockerfile=my files/Docker file target=x args=0123456789abcdef";
      assert.equal(buildPart(label, "dockerfile"), "my files/Docker file");
      assert.equal(buildPart(label, "target"), "x");
      assert.equal(buildPart("platform=linux/amd64 dockerfile=D", "dockerfile"), "D");
      assert.equal(buildPart("platform=linux/amd64 dockerfile=D", "target"), undefined);
      assert.equal(buildPart(undefined, "target"), undefined);
    });
  });
});
