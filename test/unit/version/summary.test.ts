import * as assert from "node:assert/strict";
import { duration, Fate, summarize } from "../../../components/version";

const { Published, Adopted, Copied, Unchanged, LeftOut, Undecided } = Fate;

describe("summarize", () => {
  const fates = (...entries: [string, Fate][]) => entries;

  it("names those that something happens to, and counts the rest", () => {
    const found = fates(["web", Published], ["api", Published], ["cron", Adopted], ["a", Unchanged], ["b", Unchanged]);
    assert.equal(summarize(5, found, false), "5 images: 2 published (api, web), 1 adopted (cron), 2 unchanged");
  });

  it("tells what is copied from what is built", () => {
    const found = fates(["web", Adopted], ["api", Copied], ["cron", Published]);
    assert.equal(summarize(3, found, false), "3 images: 1 published (cron), 1 copied (api), 1 adopted (web)");
    assert.equal(summarize(3, found, true), "3 images: 1 to publish (cron), 1 to copy (api), 1 to adopt (web)");
  });

  it("says in a preview what will be done", () => {
    const found = fates(["web", Published], ["cron", Adopted], ["x", LeftOut], ["y", Undecided]);
    assert.equal(
      summarize(4, found, true),
      "4 images: 1 to publish (web), 1 to adopt (cron), 1 left out (x), 1 not known yet (y)",
    );
  });

  it("counts those as failed that nothing became of", () => {
    assert.equal(summarize(3, fates(["a", Unchanged]), false), "3 images: 1 unchanged, 2 failed");
    assert.equal(summarize(2, fates(), true), "2 images: 2 failed");
  });

  it("names ten at most", () => {
    const many = fates(...Array.from({ length: 12 }, (_, index): [string, Fate] => [`i${10 + index}`, Published]));
    assert.equal(
      summarize(12, many, false),
      "12 images: 12 published (i10, i11, i12, i13, i14, i15, i16, i17, i18, i19, and 2 more)",
    );
  });
});

describe("duration", () => {
  for (const [milliseconds, words] of [
    [0, "0.0 s"],
    [449, "0.4 s"],
    [9_449, "9.4 s"],
    [9_500, "10 s"],
    [59_499, "59 s"],
    [59_500, "1 min 0 s"],
    [185_000, "3 min 5 s"],
  ] as const) {
    it(`of ${milliseconds} ms is ${words}`, () => assert.equal(duration(milliseconds), words));
  }
});
