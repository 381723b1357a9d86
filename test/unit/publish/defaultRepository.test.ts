import * as assert from "node:assert/strict";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { defaultRepository } from "../../../components/publish/publishImage";
import { parseRepository } from "../../../components/registry";
import { errorOf } from "../../support/assertError";
import { GoogleEnvironment } from "../../support/googleEnvironment";

describe("the default repository", () => {
  let environment: GoogleEnvironment;

  beforeEach(() => {
    environment = new GoogleEnvironment();
  });

  afterEach(() => {
    pulumi.runtime.setAllConfig({});
    environment.restore();
  });

  const cases: [project: string, context: string, repository: string][] = [
    ["shop", "images/simple", "gcr.io/shop/simple"],
    ["shop", "images/simple/", "gcr.io/shop/simple"],
    ["shop", "images/simple/../other/.", "gcr.io/shop/other"],
    ["example.com:shop", "images/simple", "gcr.io/example.com/shop/simple"],
    ["shop", ".", `gcr.io/shop/${path.basename(process.cwd())}`],
  ];
  for (const [project, context, repository] of cases) {
    it(`of ${context} in ${project} is ${repository}`, async () => {
      pulumi.runtime.setAllConfig({ "gcp:project": project });
      assert.equal(await defaultRepository(context), repository);
      assert.equal(parseRepository(repository).host, "gcr.io");
    });
  }

  it("is in the project that the environment, or else gcloud, is set to", async () => {
    environment.write("configurations/config_default", "[core]\nproject = example.com:shop\n");
    assert.equal(await defaultRepository("simple"), "gcr.io/example.com/shop/simple");
    process.env.CLOUDSDK_CORE_PROJECT = "shop";
    assert.equal(await defaultRepository("simple"), "gcr.io/shop/simple");
  });

  it("is none without a project, and the ways to name one are said", async () => {
    assert.equal(
      await errorOf("InvalidArgument", () => defaultRepository("simple")),
      "There is no repository to publish to. Set the repository argument, for instance to " +
        "europe-docker.pkg.dev/my-project/images/simple, or run `pulumi config set gcp:project PROJECT` or " +
        "`gcloud config set project PROJECT` to publish to gcr.io/PROJECT.",
    );
  });
});
