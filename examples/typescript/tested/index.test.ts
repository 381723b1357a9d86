import * as assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { mockImages } from "versioned-image/testing";

describe("the program", () => {
  let unmock: () => void;

  before(async () => {
    await pulumi.runtime.setMocks({
      newResource: ({ name, inputs }) => ({ id: `${name}-id`, state: inputs }),
      call: ({ inputs }) => inputs,
    });
    unmock = mockImages(() => ({ tag: "88d38d9" }));
  });

  after(() => unmock());

  it("deploys the image by its digest", async () => {
    const { deployment } = await import("./index.js");
    const image = await new Promise((resolve) => {
      deployment.spec.template.spec.containers[0]?.image.apply(resolve);
    });
    assert.match(String(image), /^registry\.example\/team\/worker:88d38d9@sha256:[0-9a-f]{64}$/);
  });
});
