import * as assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Cluster, failed, openCluster, soughtOf, usesOf } from "../../../cli/cluster";
import { PODS, readObjects } from "../../../cli/cluster/objects";
import { errorOf } from "../../support/assertError";
import { fakeRegistries, type Reply } from "../../support/fakeRegistry";
import { folderOfEach } from "../../support/folder";
import { sha256 } from "./setup";

/** What a pod of these tests weighs, in bytes. */
const WEIGHT = 10_000;
const MEGABYTE = 2 ** 20;

/** Frees memory that nothing holds, at once. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

describe("a list of an API server", () => {
  const start = fakeRegistries();
  const home = folderOfEach();

  type Answer = (page: { number: number; limit: number; url: string }) => Reply;

  /** An API server whose answers are told from the page that is asked for. */
  async function apiServer(answer: Answer) {
    const server = await start(({ url }) => {
      const query = new URL(url, "http://server").searchParams;
      return answer({ number: Number(query.get("continue") ?? 0), limit: Number(query.get("limit")), url });
    });
    const file = home("config");
    const config = {
      "current-context": "a",
      contexts: [{ name: "a", context: { cluster: "a" } }],
      clusters: [{ name: "a", cluster: { server: `http://${server.host}` } }],
    };
    writeFileSync(file, JSON.stringify(config));
    return { server, cluster: await openCluster(file) };
  }

  const json = (body: object, status = 200, headers = {}): Reply => ({
    status,
    headers: { "content-type": "application/json", ...headers },
    body,
  });
  const pods = (names: string[], next?: number) =>
    json({
      items: names.map((name) => ({ metadata: { name } })),
      metadata: next === undefined ? {} : { continue: `${next}` },
    });
  const GONE = json({ kind: "Status", message: "The provided continue parameter is too old" }, 410);
  const busy = (seconds: string) =>
    json({ kind: "Status", message: "too many requests" }, 429, { "retry-after": seconds });

  /** The names of the pods, or what `keep` makes of each. */
  async function list<T = string>(cluster: Cluster, keep = (pod: Named) => pod.metadata?.name as T, limit = 5_000) {
    try {
      return await readObjects<T>(cluster, PODS, undefined, (pod) => [keep(pod as Named)], limit);
    } catch (error) {
      throw failed(`${cluster.server} did not list pods`, error, limit);
    }
  }

  interface Named {
    metadata?: { name?: string };
  }

  /** What it says, less the server's address. */
  const refusal = async (cluster: Cluster, limit?: number) =>
    (await errorOf("ClusterFailed", () => list(cluster, undefined, limit))).replace(cluster.server, "SERVER");

  it("is read to its end", async () => {
    const { server, cluster } = await apiServer(
      ({ number }) => [pods(["a", "b"], 1), pods([], 2), pods(["c"])][number] as Reply,
    );
    assert.deepEqual(await list(cluster), ["a", "b", "c"]);
    assert.deepEqual(server.requests, [
      "GET /api/v1/pods?limit=500",
      "GET /api/v1/pods?continue=1&limit=500",
      "GET /api/v1/pods?continue=2&limit=500",
    ]);
  });

  it("is read anew where the server has forgotten it in the middle", async () => {
    let round = 0;
    const { server, cluster } = await apiServer(({ number }) => {
      round += number === 0 ? 1 : 0;
      return number === 0 ? pods([`first ${round}`], 1) : round < 3 ? GONE : pods(["second"]);
    });
    assert.deepEqual(await list(cluster), ["first 3", "second"]);
    assert.equal(server.requests.length, 6);
  });

  it("is an error where the server forgets it each time", async () => {
    const { server, cluster } = await apiServer(({ number }) => (number === 0 ? pods(["a"], 1) : GONE));
    assert.equal(
      await refusal(cluster),
      "SERVER did not list pods: HTTP 410, The provided continue parameter is too old. Check that the same works " +
        "with kubectl.",
    );
    assert.equal(server.requests.length, 6);
  });

  it("waits for a server that is too busy, and asks for the same page again", async () => {
    let tries = 0;
    const { server, cluster } = await apiServer(({ number }) =>
      number === 0 ? pods(["a"], 1) : ++tries < 5 ? busy("0") : pods(["b"]),
    );
    assert.deepEqual(await list(cluster), ["a", "b"]);
    assert.equal(server.requests.length, 6);
  });

  for (const [what, seconds, requests] of [
    ["stays too busy", "0", 6],
    ["asks for a pause of a minute", "60", 2],
  ] as const) {
    it(`is an error where the server ${what}`, async () => {
      const { server, cluster } = await apiServer(({ number }) => (number === 0 ? pods(["a"], 1) : busy(seconds)));
      assert.equal(
        await refusal(cluster),
        "SERVER did not list pods: HTTP 429, too many requests. Check that the same works with kubectl.",
      );
      assert.equal(server.requests.length, requests);
    });
  }

  const broken: [what: string, answer: Reply, why: RegExp][] = [
    ["does not answer in time", "hang", /no answer within 0\.2 seconds/],
    ["hangs up", "close", /fetch failed/],
    ["fails", { status: 503, body: "" }, /HTTP 503/],
    ["forbids it", json({ kind: "Status", message: "no" }, 403), /HTTP 403, no/],
    ["answers with something else", json({ kind: "Status" }), /./],
    [
      "answers with half of it",
      { status: 200, headers: { "content-type": "application/json" }, body: '{"items":[' },
      /./,
    ],
    ["names a page that was before", pods(["b"], 1), /the list does not end: a page leads back to an earlier one/],
  ];
  for (const [what, answer, why] of broken) {
    it(`is an error where the server ${what} in the middle of it`, async () => {
      const { cluster } = await apiServer(({ number }) => (number === 0 ? pods(["a"], 1) : answer));
      assert.match(await refusal(cluster, answer === "hang" ? 200 : undefined), why);
    });
  }

  it("of large objects keeps what is found in them, and not the texts around that", () => {
    const collect = collector();
    const sought = [soughtOf("p/app", ["abc1234"], [])];
    const object = (number: number): Record<string, unknown> => {
      const digest = sha256(`${number}`);
      const text = `${"x ".repeat(50_000)} mirror.example/p/app@${digest} app:abc1234`;
      return JSON.parse(JSON.stringify({ metadata: { name: "a" }, data: { text } }));
    };
    /** How much 200 of them keep in memory. */
    const held = <T>(keep: (object: Record<string, unknown>) => T) => {
      collect();
      const before = process.memoryUsage().heapUsed;
      const found = Array.from({ length: 200 }, (_, number) => keep(object(number)));
      collect();
      return [process.memoryUsage().heapUsed - before, found] as const;
    };
    const [size, found] = held((each) => usesOf("prod", { name: "ConfigMap" }, each, sought).uses);
    assert.deepEqual(
      found.map((uses) => uses.map(({ name, tag, digest }) => [name, tag ?? digest])),
      found.map((_, number) => [
        ["p/app", "abc1234"],
        ["p/app", sha256(`${number}`)],
      ]),
    );
    assert.ok(size < 3 * MEGABYTE, `${size / MEGABYTE} MiB`);
    // That it is measured: the texts are far more.
    const [all, texts] = held((each) => each);
    assert.equal(texts.length, 200);
    assert.ok(all > 15 * MEGABYTE, `${all / MEGABYTE} MiB`);
  });

  it("of 10,000 pods takes 20 requests, and no more memory than a page and what is kept", async () => {
    const collect = collector();
    /** What is held when each page of these is asked for. */
    const held: number[] = [];
    const { server, cluster } = await apiServer(({ number, limit }) => {
      if ([0, 5, 10, 15, 19].includes(number)) {
        collect();
        held.push(process.memoryUsage().heapUsed);
      }
      const items = Array.from({ length: limit }, (_, index) => ({
        metadata: { name: `pod-${number * limit + index}`, annotations: { note: `${index}`.padEnd(WEIGHT, "x") } },
      }));
      return json({ items, metadata: number === 19 ? {} : { continue: `${number + 1}` } });
    });
    const grown = () => Math.max(...held) - (held[0] as number);
    const names = await list(cluster);
    assert.deepEqual([names.length, names[0], names[9_999]], [10_000, "pod-0", "pod-9999"]);
    assert.equal(server.requests.length, 20);
    assert.ok(grown() < 30 * MEGABYTE, `${grown() / MEGABYTE} MiB`);
    held.length = 0;
    // That it is measured: whole pods are far more.
    await list(cluster, (pod) => pod);
    assert.ok(grown() > 80 * MEGABYTE, `${grown() / MEGABYTE} MiB`);
  });
});
