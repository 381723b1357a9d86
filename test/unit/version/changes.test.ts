import * as assert from "node:assert/strict";
import { type Commit, describeChanges } from "../../../components/version";

describe("what changed between two versions, in words", () => {
  const commit = (number: number, subject = `Change ${number}`, author = "Ada"): Commit => ({
    hash: String(number).padStart(7, "0").padEnd(40, "f"),
    subject,
    author,
    committedAt: new Date(0),
  });
  const commits = (count: number) => Array.from({ length: count }, (_, index) => commit(index + 1));

  for (const [what, before, changes, said] of [
    ["nothing", "41c0ffe", { added: [], removed: [] }, undefined],
    ["one commit", "41c0ffe", { added: commits(1), removed: [] }, "1 commit since 41c0ffe:\n  0000001 Change 1 (Ada)"],
    [
      "a step back",
      "41c0ffe",
      { added: [], removed: commits(2) },
      "a step back from 41c0ffe, without 2 commits of it:\n  0000001 Change 1 (Ada)\n  0000002 Change 2 (Ada)",
    ],
    [
      "another branch",
      "41c0ffe",
      { added: commits(1), removed: [commit(2)] },
      "1 commit since 41c0ffe:\n  0000001 Change 1 (Ada)\nwithout 1 commit of 41c0ffe:\n  0000002 Change 2 (Ada)",
    ],
    ["a commit that is not here", "41c0ffe", undefined, "it replaces 41c0ffe, whose commit is not in this clone"],
    [
      "others' words",
      "41c0ffe",
      { added: [commit(1, "a\u001b[31mb\u202ec\r", "E\u0007ve")], removed: [] },
      "1 commit since 41c0ffe:\n  0000001 a[31mbc (Eve)",
    ],
  ] as const) {
    it(what, () =>
      assert.equal(
        describeChanges(before, changes && { added: [...changes.added], removed: [...changes.removed] }),
        said,
      ),
    );
  }

  it("ten commits at the most, and how many more", () => {
    const lines = describeChanges("41c0ffe", { added: commits(13), removed: [] })?.split("\n") ?? [];
    assert.equal(lines[0], "13 commits since 41c0ffe:");
    assert.equal(lines.length, 12);
    assert.equal(lines.at(-1), "  and 3 more");
  });
});
