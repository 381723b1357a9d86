import * as assert from "node:assert/strict";
import type { Use } from "../../../cli/cluster";
import type { Io } from "../../../cli/output";
import type { Held, HeldManifest } from "../../../cli/prune/held";
import { type Provenance, planRemovals } from "../../../cli/prune/plan";
import { pruneJson } from "../../../cli/prune/report";
import { pruneText } from "../../../cli/prune/text";
import { DIRTY, REVISION, sha256, TREE } from "./setup";

const HOUR = 60 * 60 * 1000;
const NOW = new Date("2024-06-01T00:00:00Z");
const IO = { color: false } as Io;
const RULES = { keepLast: 10, keepForMs: 48 * HOUR, now: NOW, stacks: ["dev"] };

const digits = (number: number) => number.toString(16).padStart(7, "0");
const hashOf = (number: number) => digits(number).padEnd(40, "0");

/** A registry of so many tags, the first one the youngest by an hour; each tenth is a debug image, and there are 12 scratch tags. */
function reportOf(tags: number) {
  const held: Held = { repository: "registry.example/app", tags: new Map(), manifests: new Map(), dangling: [] };
  const provenance = new Map<string, Provenance>();
  const put = (tag: string, digest: string, labels: HeldManifest["labels"], created?: Date) => {
    held.tags.set(tag, digest);
    held.manifests.set(digest, { digest, parts: [], subject: undefined, config: undefined, labels, created });
  };
  for (let number = 0; number < tags - 14; number++) {
    const isDebug = number % 10 === 9;
    const digest = sha256(`image ${number}`);
    const committedAt = new Date(NOW.getTime() - number * HOUR);
    const labels = { [REVISION]: hashOf(number), [TREE]: hashOf(number), ...(isDebug ? { [DIRTY]: "true" } : {}) };
    put(`${digits(number)}${isDebug ? "-debug" : ""}`, digest, labels, committedAt);
    provenance.set(digest, {
      commit: { hash: hashOf(number), subject: "Change", author: "Ada", committedAt },
      commitIs: "there",
      paths: ["app"],
      refs: number === 0 ? ["HEAD", "main"] : number === 1000 ? ["v1"] : [],
    });
  }
  for (let number = 0; number < 12; number++) {
    put(`scratch-gone-${String(number).padStart(12, "0")}`, sha256(`scratch ${number}`), {}, new Date(0));
  }
  put("latest", sha256("latest"), {});
  put("notes", sha256("notes"), undefined);
  const uses: Use[] = [{ words: "pod web/app-1 of prod runs it", name: "app", digest: sha256("image 2000") }];
  const plan = planRemovals({ held, name: "app", provenance, uses }, RULES);
  return {
    history: { root: "/home/ada/project" } as never,
    clusters: [{ name: "prod", namespaces: [] }],
    unread: [],
    repositories: [{ held, plan, missing: [], resumed: undefined, outcome: undefined, planFile: undefined }],
  };
}

/** The first of a digest's digits. */
const short = (text: string) => sha256(text).slice(0, 19);

describe("what prune shows of 5,000 tags", () => {
  const report = reportOf(5000);

  it("is grouped by the reasons and counted, with the newest and the oldest of each", () => {
    const old = "older than the last 10 versions, and nothing needs it";
    const debug = "an old debug image; no branch or tag has its files";
    assert.equal(
      pruneText(report, IO, false),
      `registry.example/app: 5000 tags, 4948 can be deleted

  TAG                        DIGEST               COMMITTED             WHY
Kept because a cluster uses them: 1
  00007d0                    ${short("image 2000")}  2024-03-09 16:00 UTC  pod web/app-1 of prod runs it
Kept because HEAD, a branch or a git tag has their files: 2
  0000000                    ${short("image 0")}  2024-06-01 00:00 UTC  HEAD (and 1 other) has its files; it is one of the last 10 versions; its commit is from 2024-06-01 00:00 UTC
  00003e8                    ${short("image 1000")}  2024-04-20 08:00 UTC  v1 has its files
Kept because they are among the last versions: 9
  0000001                    ${short("image 1")}  2024-05-31 23:00 UTC  it is one of the last 10 versions; its commit is from 2024-05-31 23:00 UTC
  0000002                    ${short("image 2")}  2024-05-31 22:00 UTC  it is one of the last 10 versions; its commit is from 2024-05-31 22:00 UTC
  0000003                    ${short("image 3")}  2024-05-31 21:00 UTC  it is one of the last 10 versions; its commit is from 2024-05-31 21:00 UTC
  … and 4 more (--verbose lists them)
  0000008                    ${short("image 8")}  2024-05-31 16:00 UTC  it is one of the last 10 versions; its commit is from 2024-05-31 16:00 UTC
  000000a                    ${short("image 10")}  2024-05-31 14:00 UTC  it is one of the last 10 versions; its commit is from 2024-05-31 14:00 UTC
Kept because they are recent: 38
  0000009-debug              ${short("image 9")}  2024-05-31 15:00 UTC  its commit is from 2024-05-31 15:00 UTC
  000000b                    ${short("image 11")}  2024-05-31 13:00 UTC  its commit is from 2024-05-31 13:00 UTC
  000000c                    ${short("image 12")}  2024-05-31 12:00 UTC  its commit is from 2024-05-31 12:00 UTC
  … and 33 more (--verbose lists them)
  000002e                    ${short("image 46")}  2024-05-30 02:00 UTC  its commit is from 2024-05-30 02:00 UTC
  000002f                    ${short("image 47")}  2024-05-30 01:00 UTC  its commit is from 2024-05-30 01:00 UTC
Kept because they are unknown: 2
  latest                     ${short("latest")}  (not known)           it is not a version tag
  notes                      ${short("notes")}  (not known)           it is not an image
Can be deleted, old versions: 4442
  0000030                    ${short("image 48")}  2024-05-30 00:00 UTC  ${old}
  0000032                    ${short("image 50")}  2024-05-29 22:00 UTC  ${old}
  0000033                    ${short("image 51")}  2024-05-29 21:00 UTC  ${old}
  … and 4437 more (--verbose lists them)
  0001378                    ${short("image 4984")}  2023-11-06 08:00 UTC  ${old}
  0001379                    ${short("image 4985")}  2023-11-06 07:00 UTC  ${old}
Can be deleted, debug images: 494
  0000031-debug              ${short("image 49")}  2024-05-29 23:00 UTC  ${debug}
  000003b-debug              ${short("image 59")}  2024-05-29 13:00 UTC  ${debug}
  0000045-debug              ${short("image 69")}  2024-05-29 03:00 UTC  ${debug}
  … and 489 more (--verbose lists them)
  0001369-debug              ${short("image 4969")}  2023-11-06 23:00 UTC  ${debug}
  0001373-debug              ${short("image 4979")}  2023-11-06 13:00 UTC  ${debug}
Can be deleted, scratch tags of deleted stacks: 12
  scratch-gone-000000000000  ${short("scratch 0")}  (not known)           the stack gone does not exist
  scratch-gone-000000000001  ${short("scratch 1")}  (not known)           the stack gone does not exist
  scratch-gone-000000000002  ${short("scratch 2")}  (not known)           the stack gone does not exist
  … and 7 more (--verbose lists them)
  scratch-gone-000000000010  ${short("scratch 10")}  (not known)           the stack gone does not exist
  scratch-gone-000000000011  ${short("scratch 11")}  (not known)           the stack gone does not exist

Commits, branches and tags are from /home/ada/project.
Running images are from prod, in all namespaces.
Nothing was deleted. Add --delete to delete.
`,
    );
  });

  it("is everything with --verbose, and in JSON", () => {
    const lines = pruneText(report, IO, true).split("\n");
    assert.equal(lines.filter((line) => / sha256:[0-9a-f]{12} /.test(line)).length, 5000);
    assert.ok(!lines.some((line) => line.includes("more")));
    assert.equal(pruneJson(report).repositories[0]?.tags.length, 5000);
  });

  it("is all of 8 tags that stay or go for one reason", () => {
    const text = pruneText(reportOf(24), IO, false);
    const [, group = ""] = /^Kept because they are among the last versions: 8\n((?: {2}.*\n)+)/m.exec(text) ?? [];
    assert.deepEqual(
      group
        .trim()
        .split("\n")
        .map((line) => line.trim().slice(0, 7)),
      [1, 2, 3, 4, 5, 6, 7, 8].map(digits),
    );
  });
});
