import * as assert from "node:assert/strict";
import { ownPart, withoutOneMachine } from "../../../scripts/release/keptState";

const UUIDS = ["3efc7950-de38-4b22-badf-0a8e57d46f7f", "66d673eb-0cbd-40c1-b5f3-0b307a049f31"];
const NUMBERS = [1, 2].map((number) => `00000000-0000-4000-8000-00000000000${number}`);

/** A state with resources that each machine would make in its own order. */
function exported(...resources: object[]): string {
  return JSON.stringify({
    version: 3,
    deployment: { manifest: { time: "2026-11-30T03:24:08Z", version: "v3.259.0" }, resources, metadata: {} },
  });
}

describe("the state that is kept of a release", () => {
  it("has nothing of one machine or one moment", () => {
    const position = { sourcePosition: "project:///home/ada/index.ts#1,1", stackTrace: [{}] };
    const time = { created: "2026-11-30T03:24:08Z", modified: "2026-11-30T03:24:08Z" };
    const image = {
      urn: "urn:b",
      type: "docker:index/image:Image",
      id: "h.example/app:t",
      parent: "urn:a",
      provider: `urn:p::${UUIDS[1]}`,
    };
    const record = { urn: "urn:0", type: "pulumi:index:Stash", id: UUIDS[0], dependencies: ["urn:b"] };
    const provider = { urn: "urn:p", type: "pulumi:providers:docker", id: UUIDS[1] };
    const component = { urn: "urn:a", type: "versioned-image:index:VersionedImage" };
    assert.deepEqual(
      JSON.parse(
        withoutOneMachine(exported({ ...provider, ...time }, component, { ...image, ...position, ...time }, record)),
      ),
      {
        version: 3,
        deployment: {
          manifest: { time: "2024-01-01T00:00:00Z", version: "v3.259.0" },
          metadata: {},
          resources: [
            component,
            { ...provider, id: NUMBERS[0] },
            { ...image, provider: `urn:p::${NUMBERS[0]}` },
            { ...record, id: NUMBERS[1] },
          ],
        },
      },
    );
  });

  it("is compared by what the package has written, and not by digests, places and properties of builds", () => {
    const record = (spec: string, digest: string, place: string) => ({
      urn: "urn:0",
      type: "pulumi:index:Stash",
      inputs: { spec, digest: `sha256:${digest.repeat(64)}`, place: place.repeat(16) },
    });
    const image = (inputs: object) => ({ urn: "urn:b", type: "docker-build:index:Image", inputs });
    const state = exported(record("h.example/app:t", "a", "1"), image({ target: "" }));
    assert.deepEqual(ownPart(pretty(state)), ownPart(pretty(exported(record("h.example/app:t", "b", "2"), image({})))));
    assert.notDeepEqual(
      ownPart(pretty(state)),
      ownPart(pretty(exported(record("h.example/app:u", "a", "1"), image({})))),
    );
    assert.notDeepEqual(ownPart(pretty(state)), ownPart(pretty(exported(record("h.example/app:t", "a", "1")))));
  });
});

function pretty(state: string): string {
  return JSON.stringify(JSON.parse(state), undefined, 2);
}
