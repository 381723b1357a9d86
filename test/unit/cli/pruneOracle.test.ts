import * as assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { apiServer, kubeconfigOf, type Objects } from "../../support/apiServer";
import { noiseOf, type Pick, pastOf, podOf, ROLLOUTS, workloadOf } from "../../support/clusterUses";
import { fakeRegistries } from "../../support/fakeRegistry";
import { folderOfEach } from "../../support/folder";
import { LONG } from "../../support/long";
import { MemoryRegistry } from "../../support/memoryRegistry";
import { randomFrom } from "../../support/random";
import type { Repo } from "../../support/repo";
import { cliJson, commitsOf, labelsOf, repositories, versions } from "./setup";

/** How many clusters and registries are made up; 200 take a few minutes. */
const RUNS = Number(process.env.VERSIONED_IMAGE_CLUSTERS ?? (LONG ? 20 : 6));
const SEED = Number(process.env.VERSIONED_IMAGE_SEED ?? 1);

describe("what any cluster uses", () => {
  const { enter } = repositories();
  const start = fakeRegistries();
  const home = folderOfEach();

  /** Ten versions of a repository, the newest among them. */
  function history(made: Repo): { tag: string; labels: Record<string, string> }[] {
    return commitsOf(made)
      .slice(-10)
      .map((commit) => ({ tag: commit.slice(0, 7), labels: labelsOf(made, commit, "images/app") }));
  }

  it(`can be pulled after prune, and nothing else of ${RUNS} registries is left`, async function () {
    this.timeout(60_000 + RUNS * 10_000);
    const commits = history(enter(versions()));
    const random = randomFrom(SEED);
    const pick: Pick = (items) => items[Math.floor(random() * items.length)] as (typeof items)[number];
    let [needed, gone] = [0, 0];
    for (let run = 0; run < RUNS; run++) {
      const name = pick(["app", "team/app", "my.org/group/the-app"]);
      const memory = new MemoryRegistry();
      const { host } = await start((seen) => memory.answer(name, seen));
      const versions = commits.map(({ tag, labels }) =>
        memory.push(tag, labels, random() < 0.5 ? ["amd64"] : ["amd64", "arm64"]),
      );
      const newest = versions.at(-1);
      const used = Array.from({ length: Math.floor(random() * 6) }, (_, id) =>
        (random() < 0.5 ? podOf : workloadOf)(pick, host, name, pick(versions), id),
      );
      const lone = pick(versions);
      if (random() < 0.3) {
        const digest = memory.pushUntagged(lone);
        const spec = { containers: [{ name: "main", image: `${host}/${name}@${digest}` }] };
        const object = { apiVersion: "v1", kind: "Pod", metadata: { name: "lone", namespace: "web" }, spec };
        const needs = [{ digest }, ...lone.images.map((image) => ({ digest: image.digest, within: true }))];
        used.push({ place: "v1/pods", object, needs });
      }
      const objects: Objects = {};
      const noise = [noiseOf, pastOf].flatMap((noisy) => noisy(host, name, pick(versions), run));
      for (const { place, object } of [...used, ...noise]) {
        objects[place] = [...(objects[place] ?? []), object];
      }
      const server = await start(apiServer(objects, { [ROLLOUTS.place]: ROLLOUTS.kind }));
      const file = home("config");
      writeFileSync(file, kubeconfigOf(server.host));
      const { status, json } = await cliJson([
        ...["prune", `${host}/${name}`, "--keep-last", "0", "--keep-for", "0h", "--kubeconfig", file, "--delete"],
      ]);
      const told = () => `run ${run} of seed ${SEED}: ${JSON.stringify({ used, json }, undefined, 1)}`;
      assert.equal(status, 0, told());
      const needs = used.flatMap((each) => each.needs);
      for (const { tag, digest } of needs) {
        assert.ok(tag === undefined || memory.tags.get(tag) === digest, told());
        const version = versions.find((each) => each.digest === digest);
        const parts = version ? version.images.map((image) => image.digest) : [];
        for (const each of [digest, ...parts]) {
          assert.ok(memory.contents.has(each), told());
        }
      }
      for (const version of versions.filter((each) => each !== newest)) {
        const parts = [version.digest, ...version.images.map(({ digest }) => digest)];
        const isNeeded = needs.some(({ digest, within }) =>
          within ? digest === version.digest : parts.includes(digest),
        );
        assert.equal(memory.tags.has(version.tag), isNeeded, `${version.tag} ${told()}`);
      }
      needed += needs.length;
      gone += versions.length - memory.tags.size;
    }
    assert.ok(needed > RUNS && gone > RUNS);
    console.log(`      ${RUNS} registries: ${needed} uses, 0 lost; ${gone} versions went`);
  });
});
