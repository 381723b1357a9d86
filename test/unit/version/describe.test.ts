import * as assert from "node:assert/strict";
import { describeVersion, type Version } from "../../../components/version";
import { age } from "../../../components/version/describe";

const NOW = new Date("2026-01-31T12:00:00Z");

function ago(seconds: number): string {
  return age(new Date(NOW.getTime() - seconds * 1000), NOW);
}

describe("describeVersion", () => {
  it("says tag, commit, subject and age in a line", () => {
    const version = {
      tag: "88d38d9-debug",
      commit: "88d38d9".padEnd(40, "0"),
      subject: 'Fix "worker"',
      committedAt: new Date(NOW.getTime() - 3 * 86_400_000),
    } as Version;
    assert.equal(describeVersion(version, NOW), '88d38d9-debug (commit 88d38d9 "Fix \\"worker\\"", 3 days ago)');
    assert.equal(
      describeVersion({ ...version, revision: "1234567".padEnd(40, "0") }, NOW),
      '88d38d9-debug (commit 88d38d9 "Fix \\"worker\\"", 3 days ago, as of revision 1234567)',
    );
  });

  it("counts whole units, the largest", () => {
    const minute = 60;
    const hour = 60 * minute;
    const day = 24 * hour;
    assert.deepEqual(
      [
        -60,
        0,
        59,
        minute,
        2 * minute,
        59 * minute,
        hour,
        23 * hour,
        day,
        6 * day,
        7 * day,
        30 * day,
        364 * day,
        365 * day,
        800 * day,
      ].map(ago),
      [
        "just now",
        "just now",
        "just now",
        "1 minute ago",
        "2 minutes ago",
        "59 minutes ago",
        "1 hour ago",
        "23 hours ago",
        "1 day ago",
        "6 days ago",
        "1 week ago",
        "1 month ago",
        "12 months ago",
        "1 year ago",
        "2 years ago",
      ],
    );
  });
});
