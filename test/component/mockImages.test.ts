import * as assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage, type VersionedImageArgs } from "../../components";
import { mockedImage } from "../../components/publish/mockedImages";
import { type MockedImage, mockImages } from "../../components/testing";
import { errorOf } from "../support/assertError";
import { declaredBy, outputsOf } from "../support/mocked";

describe("mockImages", () => {
  let unmock = () => {};

  afterEach(() => unmock());

  async function made(args: Partial<VersionedImageArgs> = {}, describe?: () => MockedImage) {
    unmock = mockImages(describe);
    return declaredBy(async () => {
      const image = new VersionedImage("app", { context: "nowhere", ...args });
      return outputsOf(image);
    });
  }

  it("has images ask nobody, and declare nothing but themselves", async () => {
    const { declared, made: outputs } = await made();
    assert.deepEqual(
      declared.map(({ type }) => type),
      ["versioned-image:index:VersionedImage"],
    );
    assert.match(String(outputs.reference), /^gcr\.io\/project\/app:[0-9a-f]{7}@sha256:[0-9a-f]{64}$/);
    assert.equal(outputs.digestReference, `gcr.io/project/app@${outputs.digest}`);
    assert.deepEqual(outputs, (await made()).made);
    assert.equal(outputs.outcome, "published");
  });

  it("follows the arguments, and what the test says", async () => {
    const args = { repository: pulumi.output("h.example/a"), tagPrefix: "git-", tagLength: 9, debug: true };
    const { made: outputs } = await made(args);
    assert.match(String(outputs.tag), /^git-[0-9a-f]{9}-debug$/);
    assert.deepEqual([outputs.spec, outputs.outcome], [`h.example/a:${outputs.tag}`, "debug"]);
    const said = await made({}, () => ({
      tag: "t",
      repository: "r.example/x",
      digest: "sha256:1",
      outcome: "adopted",
    }));
    assert.deepEqual(
      [said.made.reference, said.made.digestReference, said.made.outcome],
      ["r.example/x:t@sha256:1", "r.example/x@sha256:1", "adopted"],
    );
  });

  it("is taken back", async () => {
    unmock = mockImages();
    unmock();
    assert.equal(mockedImage("app", { context: "app" }), undefined);
  });

  it("refuses an image without Pulumi's mocks", async () => {
    unmock = mockImages();
    const monitor = pulumi.runtime.getMonitor();
    pulumi.runtime.setMockOptions(undefined);
    try {
      await errorOf("InvalidArgument", async () => mockedImage("app", { context: "app" }));
    } finally {
      pulumi.runtime.setMockOptions(monitor);
    }
  });
});
