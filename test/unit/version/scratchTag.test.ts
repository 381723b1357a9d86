import * as assert from "node:assert/strict";
import { isScratchTag, scratchTag } from "../../../components/version";

describe("scratch tags", () => {
  it("show the stack, and differ for each identity", () => {
    const [one, other] = [scratchTag("Dev_1", "a"), scratchTag("Dev_1", "b")];
    assert.match(one, /^scratch-dev-1-[0-9a-f]{12}$/);
    assert.notEqual(one, other);
    assert.ok(isScratchTag(one));
    assert.ok(isScratchTag(scratchTag("-", "a")));
    assert.ok(isScratchTag(scratchTag("x".repeat(100), "a")));
  });

  it("are told from all other tags", () => {
    assert.ok(isScratchTag("scratch-publish-0123456789ab"));
    for (const tag of ["scratch", "scratch-0123456789ab", "scratch-dev-0123456789abc", "my-scratch-dev-0123456789ab"]) {
      assert.equal(isScratchTag(tag), false, tag);
    }
  });
});
