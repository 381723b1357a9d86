import * as assert from "node:assert/strict";
import { statusHtml } from "../../../cli/status/html";
import { lineHtml } from "../../../cli/status/line";
import { type ImageStatus, versionsOf } from "../../../cli/status/report";
import { sha256 } from "./setup";

const NOW = new Date("2024-03-01T00:00:00Z");

describe("the page of versioned-image status", () => {
  const commits = Array.from({ length: 200 }, (_, index) => ({
    hash: index.toString(16).padStart(40, "0"),
    subject: index === 1 ? "<script>alert(1)</script>" : `Say ${index}`,
    author: "Ada",
    committedAt: NOW,
  }));
  const [newest] = commits;

  /** An image of which each of these places, with its workloads, runs what is so many commits behind. */
  function image(places: [behind: number, namespace: string, ...workloads: string[]][]): ImageStatus {
    const running = places.map(([behind, namespace, ...workloads]) => ({
      ...{ place: { cluster: "prod", namespace }, repository: "gcr.io/p/app", digest: sha256("x"), tag: "x" },
      ...{ revision: commits[behind]?.hash, commit: commits[behind], behind, ahead: 0, since: undefined },
      ...{ debug: false, consistent: true, why: "", workloads, pods: workloads, terminating: [], differing: [] },
    }));
    const compared = places.flatMap(([behind]) => {
      const commit = commits[behind];
      return commit ? [{ commit, changes: { added: commits.slice(0, behind), removed: [] } }] : [];
    });
    return { context: "images/app", newest, versions: versionsOf(newest, compared), running };
  }

  const ticksOf = (html: string) => html.match(/<li tabindex="0"/g)?.length ?? 0;
  /** The rows of the points, each with the names in it. */
  const rowsOf = (html: string) =>
    [...html.matchAll(/<ul class="\w+" style="grid-row:(\d+);.*?<\/ul>/g)].map(([row, number]) => [
      Number(number),
      [...row.matchAll(/<b>(.*?)<\/b> in ([^,]*)/g)].map(([, names, place]) => `${names} in ${place}`),
    ]);

  it("names all that runs at a version, and has rows of their own for other versions", () => {
    const places = Array.from({ length: 12 }, (_, index): [number, string, string] => [
      index < 6 ? 0 : 7,
      `team-${index}`,
      `service-${index}`,
    ]);
    const html = lineHtml(image(places));
    assert.equal(ticksOf(html), 8);
    const names = (from: number) =>
      Array.from({ length: 6 }, (_, index) => `service-${from + index} in prod/team-${from + index}`);
    assert.deepEqual(rowsOf(html), [
      [1, names(0)],
      [2, names(6)],
    ]);
    assert.deepEqual(rowsOf(lineHtml(image([[0, "web", "app", "worker"]]))), [[1, ["app, worker in prod/web"]]]);
  });

  it("has a tick for each of 200 versions, of one, and none where nothing runs", () => {
    assert.equal(ticksOf(lineHtml(image([[199, "old", "app"]]))), 200);
    assert.equal(ticksOf(lineHtml(image([[0, "new", "app"]]))), 1);
    assert.equal(lineHtml(image([])), "");
    const report = { root: "/r", branch: "HEAD", places: [], images: [image([])], others: [] };
    assert.match(statusHtml(report, NOW), /<p>It does not run anywhere\.<\/p>/);
  });

  it("has what others wrote as text, in ticks and in names", () => {
    const html = lineHtml(image([[2, '<img src="x">', "<script>"]]));
    assert.doesNotMatch(html, /<script|<img/);
    assert.match(html, /<b>&#60;script&#62;<\/b> in prod\/&#60;img src=&#34;x&#34;&#62;/);
    assert.match(html, /aria-label="0000000 · 2024-03-01 00:00 UTC · &#60;script&#62;alert\(1\)&#60;\/script&#62;"/);
  });

  it("has a version of another branch beside the newest one, if it is ahead", () => {
    const [one, two, three, four] = commits as [never, never, never, never];
    const changes = (added: object[], removed: object[]) => ({ added, removed }) as never;
    const line = (...compared: Parameters<typeof versionsOf>[1]) => versionsOf(three, compared);
    assert.deepEqual(line({ commit: one, changes: changes([], [one, two]) }), [one, two, three]);
    assert.deepEqual(line({ commit: four, changes: changes([three], [four]) }), [three, four]);
    assert.deepEqual(
      line({ commit: one, changes: changes([], [one, two]) }, { commit: four, changes: changes([three], []) }),
      [one, two, three, four],
    );
    assert.deepEqual(versionsOf(undefined, []), []);
  });
});
