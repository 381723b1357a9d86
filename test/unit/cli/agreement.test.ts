import * as assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createHoldings } from "../../../cli/verify/belonging";
import { readWorkloads } from "../../../cli/verify/clusterChecks";
import { imagesOfNamespace } from "../../../cli/verify/namespaceImages";
import { createRegistryClient } from "../../../components/registry";
import { apiServer, kubeconfigOf } from "../../support/apiServer";
import { fakeRegistries } from "../../support/fakeRegistry";
import { folderOfEach } from "../../support/folder";
import { LONG } from "../../support/long";
import { randomFrom } from "../../support/random";
import { shortPauses } from "../../support/shortPauses";
import { cliJson, digestOf, labelsOf, repositories, sha256, shelf } from "./setup";

const CLUSTERS = LONG ? 12 : 3;
const PODS = 8;
const DOWN = "127.0.0.1:1";

describe("versioned-image status and verify --all", () => {
  const { withImage } = repositories();
  const start = fakeRegistries();
  shortPauses();
  const home = folderOfEach();

  /** A repository with two versions of images/app, an image of another directory and one without labels. */
  async function registry() {
    const made = withImage();
    const first = made.head();
    made.write("images/app/main", "two\n").add().commit("Two");
    const second = made.head();
    made.write("images/other/Dockerfile", "FROM scratch\n").add().commit("Other");
    const { host } = await start(
      shelf([
        { tags: ["one"], labels: labelsOf(made, first, "images/app") },
        { tags: ["two"], labels: labelsOf(made, second, "images/app") },
        { tags: ["other"], labels: labelsOf(made, made.head(), "images/other") },
        { tags: ["unlabelled"] },
      ]),
    );
    const tags = ["one", "two", "other", "unlabelled"];
    const digests = await Promise.all(tags.map((tag) => digestOf({ host } as Parameters<typeof digestOf>[0], tag)));
    const configs = await Promise.all(
      tags.map(async (tag) => {
        const answer = await fetch(`http://${host}/v2/app/manifests/${tag}`);
        return ((await answer.json()) as { config: { digest: string } }).config.digest;
      }),
    );
    return { repository: `${host}/app`, host, tags, digests, configs };
  }

  /** Pods in every state and with every spelling of what they name and run. */
  function pods({ repository, tags, digests, configs }: Awaited<ReturnType<typeof registry>>, random: () => number) {
    const one = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
    const image = () => {
      const at = Math.floor(random() * tags.length);
      const [tag = "", digest = ""] = [tags[at], digests[at]];
      const names = [repository, repository, `${DOWN}/cache/app`, `${DOWN}/flat-app`, `${DOWN}/redis`];
      const name = one(names);
      return {
        image: one([
          `${name}:${tag}`,
          `${name}:${tag}@${digest}`,
          `${name}@${digest}`,
          name,
          `${name}:gone`,
          "NOT ONE",
        ]),
        imageID: one([
          `${one(names)}@${digest}`,
          `${one(names)}@${digest}`,
          `docker-pullable://${one(names)}@${digest}`,
          digest,
          configs[at]?.replace("sha256:", ""),
          `${name}@${sha256("foreign")}`,
          "strange",
          "",
          undefined,
        ]),
      };
    };
    const state = () =>
      one([{ running: {} }, { running: {} }, { terminated: {} }, { waiting: { reason: "ImagePullBackOff" } }, {}]);
    return Array.from({ length: PODS }, (_, index) => {
      const named = Array.from({ length: 1 + Math.floor(random() * 2) }, (_, at) => ({ name: `c${at}`, ...image() }));
      const kind = one(["c", "c", "initC", "ephemeralC"]);
      const statuses = named.map(({ name, imageID }) => ({ name, imageID, state: state() }));
      const twice = random() < 0.2 ? [{ ...statuses[0], imageID: image().imageID }] : [];
      const volumes = random() < 0.2 ? [{ name: "files", image: { reference: image().image } }] : undefined;
      const containers = named.map((each) => ({ name: each.name, image: each.image }));
      return {
        metadata: {
          name: `pod-${index}`,
          namespace: "web",
          ...(random() < 0.3 && { deletionTimestamp: "2024-01-01T00:00:00Z" }),
        },
        spec: random() < 0.05 ? { containers: "none" } : { [`${kind}ontainers`]: containers, volumes },
        status: {
          phase: one(["Running", "Running", "Running", "Pending", "Succeeded", "Failed"]),
          [`${kind}ontainerStatuses`]: [...statuses, ...twice],
        },
      };
    });
  }

  interface Said {
    pods: string[];
    why: string;
    consistent?: boolean;
    suspect?: boolean;
  }

  it(`agree on what ${CLUSTERS} random clusters run, and what verify finds fine is not suspect to status`, async () => {
    const held = await registry();
    const random = randomFrom(31);
    const seen = { running: 0, others: 0, odd: 0, fine: 0 };
    for (let number = 0; number < CLUSTERS; number++) {
      const server = await start(apiServer({ "v1/pods": pods(held, random) }));
      const kubeconfig = home("config");
      writeFileSync(kubeconfig, kubeconfigOf(server.host));
      const wanted = [undefined, held.repository, held.host][number % 3];
      const flags = ["--kubeconfig", kubeconfig, ...(wanted === undefined ? [] : ["--repository", wanted])];
      const { json: status } = await cliJson(["status", "images/app", ...flags]);
      const { json: verified } = await cliJson(["verify", "--all", ...flags]);
      const workloads = await readWorkloads({ kubeconfig });
      const holdings = createHoldings(createRegistryClient({ env: { DOCKER_CONFIG: "/nonexistent" } }));
      const used = await imagesOfNamespace(workloads, wanted === undefined ? undefined : [wanted], holdings);

      const running: Said[] = status.images[0].running;
      const isOdd = ({ why }: Said) => why.startsWith("not understood");
      const odd: Said[] = status.others.filter(isOdd);
      const others: Said[] = status.others.filter((other: Said) => !isOdd(other));
      const names = (said: Said[]) => [...new Set(said.flatMap((each) => each.pods))].sort();
      const inVerify = [...new Set(used.flatMap((image) => image.running.map(({ name }) => name)))].sort();
      assert.deepEqual(names([...running, ...others]), inVerify, `cluster ${number}`);
      assert.deepEqual(names(odd), workloads.odd.map(({ name }) => name).sort(), `cluster ${number}`);
      assert.deepEqual(
        verified.images.map(({ reference }: { reference: string }) => reference),
        used.map(({ reference }) => reference),
      );
      const bad = names([
        ...running.filter(({ consistent }) => !consistent),
        ...others.filter(({ suspect, why }) => suspect && !why.startsWith("built from images/other ")),
      ]);
      for (const [index, image] of used.entries()) {
        if (verified.images[index].consistent) {
          seen.fine += image.running.length;
          assert.deepEqual(
            image.running.map(({ name }) => name).filter((name) => bad.includes(name) && !isTwice(name)),
            [],
            `cluster ${number}`,
          );
        }
      }
      seen.running += names(running).length;
      seen.others += names(others).length;
      seen.odd += names(odd).length;

      /** Two statuses of one container can be of two images. */
      function isTwice(name: string): boolean {
        return workloads.running.filter((each) => each.name === name).length > 1;
      }
    }
    assert.ok(
      Object.values(seen).every((count) => count > 0),
      JSON.stringify(seen),
    );
  });
});
