import * as assert from "node:assert/strict";
import fc from "fast-check";
import { versionLabel } from "../../../components/kubernetes/metadata";

/** Kubernetes' own rule for the value of a label, with its length. */
const VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

describe("the label of a version", () => {
  it("is a label for every tag, and the tag itself wherever that can be one", () => {
    fc.assert(
      fc.property(fc.stringMatching(TAG), (tag) => {
        const label = versionLabel(tag);
        assert.ok(VALUE.test(label) && label.length <= 63, label);
        assert.ok(tag.includes(label));
        if (VALUE.test(tag) && tag.length <= 63) {
          assert.equal(label, tag);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("has the hash, and says whether it is a debug image's, after any prefix", () => {
    const prefix = fc.stringMatching(/^([A-Za-z0-9_][A-Za-z0-9._-]{0,80})?$/);
    const hash = fc.stringMatching(/^[0-9a-f]{7,40}$/);
    fc.assert(
      fc.property(prefix, hash, fc.constantFrom("", "-debug"), (before, digits, suffix) => {
        assert.ok(versionLabel(`${before}${digits}${suffix}`).endsWith(`${digits}${suffix}`));
      }),
      { numRuns: 2000 },
    );
  });
});
