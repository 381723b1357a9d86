import * as assert from "node:assert/strict";
import { isOffline } from "../../../components/publish/undecided";

describe("VERSIONED_IMAGE_OFFLINE", () => {
  it("asks for nothing where it is left out, empty or 0", () => {
    for (const VERSIONED_IMAGE_OFFLINE of [undefined, "", "0"]) {
      assert.equal(isOffline({ VERSIONED_IMAGE_OFFLINE }), false);
    }
  });

  it("is refused where it is no setting", () =>
    assert.throws(() => isOffline({ VERSIONED_IMAGE_OFFLINE: "yes" }), {
      code: "InvalidArgument",
      message: 'VERSIONED_IMAGE_OFFLINE is "yes": set it to 1 for a preview without a registry, or unset it.',
    }));

  it("is refused in an update", () =>
    assert.throws(() => isOffline({ VERSIONED_IMAGE_OFFLINE: "1" }), {
      code: "InvalidArgument",
      message:
        'VERSIONED_IMAGE_OFFLINE is "1": it applies to previews only, and an update must ask the registry: unset it.',
    }));
});
