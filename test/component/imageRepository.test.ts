import * as assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { ImageRepository, type ImageRepositoryArgs } from "../../components/gcp";
import { knownValue } from "../../components/pulumi/outputs";
import { diagnosticOf } from "../support/assertError";
import { declaredBy, inputsOf } from "../support/mocked";

/** Under Pulumi's mocks: Google Cloud can't be had here. */
describe("ImageRepository", () => {
  async function made(args: ImageRepositoryArgs, preview = false) {
    const { declared, made } = await declaredBy(
      async () => {
        const repository = new ImageRepository("images", args);
        return { own: await knownValue(repository.repository), debug: await knownValue(repository.debugRepository) };
      },
      { preview },
    );
    return { declared, ...made };
  }

  for (const preview of [true, false]) {
    it(`makes a repository with immutable tags and one for debug images (${preview ? "preview" : "update"})`, async () => {
      const { declared, own, debug } = await made({ location: "europe-west1", project: "shop" }, preview);
      assert.deepEqual(
        declared.map(({ type, name }) => [type, name]),
        [
          ["versioned-image:gcp:ImageRepository", "images"],
          ["gcp:artifactregistry/repository:Repository", "images-repository"],
          ["gcp:artifactregistry/repository:Repository", "images-debug-repository"],
        ],
      );
      assert.deepEqual(inputsOf(declared, "images-repository"), {
        project: "shop",
        location: "europe-west1",
        repositoryId: "images",
        format: "DOCKER",
        dockerConfig: { immutableTags: true },
      });
      assert.deepEqual(inputsOf(declared, "images-debug-repository"), {
        project: "shop",
        location: "europe-west1",
        repositoryId: "images-debug",
        format: "DOCKER",
        cleanupPolicies: [
          { id: "untagged", action: "DELETE", condition: { tagState: "UNTAGGED", olderThan: "604800s" } },
        ],
      });
      assert.equal(own, "europe-west1-docker.pkg.dev/shop/images");
      assert.equal(debug, "europe-west1-docker.pkg.dev/shop/images-debug");
    });
  }

  it("lets readers pull from both", async () => {
    const member = "serviceAccount:nodes@shop.iam.gserviceaccount.com";
    const { declared } = await made({
      location: "us",
      project: "shop",
      repositoryId: "apps",
      readers: [member],
      untaggedDays: 1,
    });
    const binding = { project: "shop", location: "us", role: "roles/artifactregistry.reader", member };
    assert.deepEqual(inputsOf(declared, "images-reader-0"), { ...binding, repository: "apps" });
    assert.deepEqual(inputsOf(declared, "images-debug-reader-0"), { ...binding, repository: "apps-debug" });
  });

  it("uses the project's gcr.io repository as it is", async () => {
    const { declared, own, debug } = await made({ gcrHost: "eu.gcr.io", project: "example.com:shop" });
    assert.equal(own, "eu.gcr.io/example.com/shop");
    assert.equal(debug, "europe-docker.pkg.dev/example.com/shop/images-debug");
    assert.deepEqual(inputsOf(declared, "images-repository"), {});
  });

  it("takes the project from the configuration, else from the environment", async () => {
    const before = process.env.GOOGLE_CLOUD_PROJECT;
    process.env.GOOGLE_CLOUD_PROJECT = "of-the-environment";
    try {
      assert.equal((await made({ location: "us" })).own, "us-docker.pkg.dev/of-the-environment/images");
      pulumi.runtime.setAllConfig({ "gcp:project": "configured" });
      assert.equal((await made({ location: "us" })).own, "us-docker.pkg.dev/configured/images");
    } finally {
      pulumi.runtime.setAllConfig({});
      if (before === undefined) {
        delete process.env.GOOGLE_CLOUD_PROJECT;
      } else {
        process.env.GOOGLE_CLOUD_PROJECT = before;
      }
    }
  });

  for (const [what, args, message] of [
    ["no location", {}, /location is missing/],
    ["a host that is not one of gcr.io's", { gcrHost: "docker.io" }, /gcrHost is "docker.io": say one of gcr.io, us/],
    ["another location than that of the host", { gcrHost: "gcr.io", location: "europe" }, /gcr.io is in us/],
    ["half a day", { location: "us", untaggedDays: 0.5 }, /untaggedDays is 0.5/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      assert.match(await diagnosticOf("InvalidArgument", () => made({ project: "shop", ...args })), message);
    });
  }
});
