import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { run } from "../../cli/run";
import { createRegistryClient } from "../../components/registry";
import { apiServer, kubeconfigOf } from "../support/apiServer";
import { fakeRegistries } from "../support/fakeRegistry";
import { LONG } from "../support/long";
import { pushImage } from "../support/pushImage";
import { randomFrom } from "../support/random";
import { registry } from "../support/registry";
import { GIT_ENV, Repo, scratch } from "../support/repo";

const REVISION = "org.opencontainers.image.revision";
const TREE = "dev.versioned-image.tree";
const DIRTY = "dev.versioned-image.dirty";
/** Half a year after the first commit of the tests' repositories. */
const NOW = new Date("2024-07-01T00:00:00Z");
/** How many commits of an image are published, each with a debug tag; and how many plans are made up. */
const [COMMITS, PLANS] = LONG ? [240, 50] : [60, 15];
/** Beside these tags there are eighteen scratch tags, and two more. */
const TAGS = 2 * COMMITS + 20;
const SEED = Number(process.env.VERSIONED_IMAGE_SEED ?? 1);

/** What the registry keeps is real; the cluster is played by a server that lists what a test says. */
describe("a registry that is pruned", () => {
  const start = fakeRegistries();
  const saved = { ...process.env };
  const client = createRegistryClient({ env: {} });
  let home: string;
  let project: Repo;

  beforeEach(() => {
    for (const name of Object.keys(process.env).filter((key) => key.startsWith("GIT_"))) {
      delete process.env[name];
    }
    Object.assign(process.env, { ...GIT_ENV, PATH: saved.PATH });
    home = mkdtempSync(path.join(tmpdir(), "prune-"));
    project = new Repo(scratch());
    project.git("init", "--quiet");
  });

  afterEach(() => {
    for (const name of Object.keys(process.env)) {
      delete process.env[name];
    }
    Object.assign(process.env, saved);
    project.dispose();
    rmSync(home, { recursive: true });
  });

  /** A kubeconfig of a cluster that runs these images, and can roll back to those. */
  async function clusterOf(running: string[], rollbacks: string[] = []): Promise<string> {
    const pods = running.map((image, index) => ({
      metadata: { name: `pod-${index}`, namespace: "web" },
      spec: { containers: [{ name: "main", image }] },
      status: { containerStatuses: [{ imageID: image.replace(/:[^:@/]+@/, "@") }] },
    }));
    const sets = rollbacks.map((image, index) => ({
      metadata: { name: `set-${index}`, namespace: "web" },
      spec: { template: { spec: { containers: [{ name: "main", image }] } } },
    }));
    const server = await start(apiServer({ "v1/pods": pods, "apps/v1/replicasets": sets }));
    const file = path.join(home, `config-${server.host.split(":")[1]}`);
    writeFileSync(file, kubeconfigOf(server.host));
    return file;
  }

  async function prune(repository: string, ...flags: string[]) {
    let out = "";
    const status = await run(["prune", repository, "--context", project.directory, "--json", ...flags], {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        out += text;
      },
      input: async () => "",
      color: false,
      terminal: false,
      env: { DOCKER_CONFIG: "/nonexistent", XDG_STATE_HOME: home },
      now: () => NOW,
    });
    const answer = JSON.parse(out);
    assert.equal(answer.error, undefined, out);
    return { status, found: answer.repositories[0] };
  }

  /** Commits of an image, the first one first, with its tree at each. */
  function history(count: number): { hash: string; tree: string }[] {
    return Array.from({ length: count }, (_, index) => {
      project.write("app/main", `${index}\n`).add().commit(`Change ${index}`);
      const [hash = "", tree = ""] = project.git("rev-parse", "HEAD", "HEAD:app").split("\n");
      return { hash, tree };
    });
  }

  const labelsOf = ({ hash, tree }: { hash: string; tree: string }) => ({ [REVISION]: hash, [TREE]: tree });

  /** Whether all of an image can be had. */
  async function canBePulled(repository: string, digest: string): Promise<boolean> {
    const manifest = await client.manifest(repository, digest);
    if (!manifest) {
      return false;
    }
    const { config, manifests = [] } = JSON.parse(manifest.bytes.toString());
    const blob = config === undefined || (await client.blob(repository, config.digest)) !== undefined;
    const parts = await Promise.all(manifests.map((part: { digest: string }) => canBePulled(repository, part.digest)));
    return blob && parts.every(Boolean);
  }

  it(`of ${TAGS} tags keeps what 20 pods run, what could be rolled back to, and what git leads to`, async function () {
    this.timeout(300_000);
    const repository = registry.repository("prune");
    const commits = history(COMMITS);
    project.git("branch", "release", commits[20]?.hash ?? "");
    project.git("tag", "v1", commits[10]?.hash ?? "");
    const digests = new Map<string, string>();
    for (const commit of commits) {
      const tag = commit.hash.slice(0, 7);
      digests.set(tag, await pushImage(repository, tag, labelsOf(commit)));
      const debug = `${tag}-debug`;
      digests.set(debug, await pushImage(repository, debug, { ...labelsOf(commit), [DIRTY]: "true" }));
    }
    for (let number = 0; number < 18; number++) {
      const tag = `scratch-gone-${String(number).padStart(12, "0")}`;
      digests.set(tag, await pushImage(repository, tag, { number: String(number) }));
    }
    digests.set("latest", await pushImage(repository, "latest", labelsOf(commits[50] as never)));
    digests.set("notes", await pushImage(repository, "notes", { of: "somebody" }));
    assert.equal(digests.size, TAGS);
    assert.equal(digests.get("latest"), digests.get(commits[50]?.hash.slice(0, 7) ?? ""));

    const random = randomFrom(SEED);
    const any = () => [...digests][Math.floor(random() * (TAGS - 22))] ?? ["", ""];
    const referenceOf = ([tag, digest]: [string, string]) => `${repository}:${tag}@${digest}`;
    const running = Array.from({ length: 20 }, any);
    const rollbacks = Array.from({ length: 5 }, any);
    const kubeconfig = await clusterOf(running.map(referenceOf), rollbacks.map(referenceOf));
    const flags = ["--kubeconfig", kubeconfig, "--keep-last", "5", "--keep-for", "30d", "--stack", "dev"];

    const dry = await prune(repository, ...flags);
    assert.equal(dry.status, 0);
    assert.equal((await client.tags(repository)).length, TAGS);

    const { status, found } = await prune(repository, ...flags, "--delete");
    assert.equal(status, 0);
    assert.deepEqual(found.lost, []);
    const kept = new Set<string>(
      [
        ...[...running, ...rollbacks].map(([, digest]) => digest),
        ...commits.slice(-5).map(({ hash }) => digests.get(hash.slice(0, 7))),
        ...[commits[20], commits[10]].map((commit) => digests.get(commit?.hash.slice(0, 7) ?? "")),
        digests.get("latest"),
        digests.get("notes"),
      ].map(String),
    );
    for (const digest of kept) {
      assert.ok(await canBePulled(repository, digest), digest);
    }
    const left = new Set(await client.tags(repository));
    for (const { tag, stays } of found.tags) {
      assert.equal(left.has(tag), stays, tag);
    }
    const gone = [...digests].filter(([tag]) => !left.has(tag));
    console.log(`      ${TAGS} tags: ${left.size} stay, ${gone.length} went`);
    assert.ok(gone.length > TAGS / 2);
    for (const [tag, digest] of gone.filter((_, index) => index % 10 === 0)) {
      assert.equal(await client.resolve(repository, digest), undefined, tag);
    }
    const again = await prune(repository, ...flags, "--delete");
    assert.deepEqual([again.status, again.found.removals], [0, []]);
  });

  it(`in ${PLANS} random plans loses no digest that something needs`, async function () {
    this.timeout(300_000);
    const commits = history(8);
    const random = randomFrom(SEED);
    const pick = <T>(items: T[]) => items[Math.floor(random() * items.length)] as T;
    let deleted = 0;
    for (let plan = 0; plan < PLANS; plan++) {
      const repository = registry.repository("plan");
      const digests = new Map<string, string>();
      for (const commit of commits.filter(() => random() < 0.7)) {
        const tag = commit.hash.slice(0, 7);
        digests.set(tag, await pushImage(repository, tag, labelsOf(commit)));
        if (random() < 0.3) {
          digests.set(
            `${tag}-debug`,
            await pushImage(repository, `${tag}-debug`, { ...labelsOf(commit), [DIRTY]: "true" }),
          );
        }
        if (random() < 0.2) {
          digests.set("stable", await pushImage(repository, "stable", labelsOf(commit)));
        }
        if (random() < 0.2) {
          const scratchTag = `scratch-${pick(["dev", "gone"])}-0123456789ab`;
          digests.set(scratchTag, await pushImage(repository, scratchTag, labelsOf(commit)));
        }
      }
      const running = [...digests].filter(() => random() < 0.2);
      const kubeconfig = await clusterOf(running.map(([tag, digest]) => `${repository}:${tag}@${digest}`));
      const { status, found } = await prune(
        repository,
        ...["--kubeconfig", kubeconfig, "--keep-last", String(pick([0, 1, 3])), "--keep-for", pick(["0h", "1w"])],
        ...["--stack", "dev", "--delete"],
      );
      assert.deepEqual([status, found.lost], [0, []]);
      const left = await client.tags(repository);
      for (const { tag, stays } of found.tags) {
        assert.equal(left.includes(tag), stays, `${tag} of plan ${plan}`);
      }
      const head = project.head().slice(0, 7);
      for (const [tag, digest] of digests) {
        const must =
          running.some(([, other]) => other === digest) ||
          tag === head ||
          tag === "stable" ||
          tag.startsWith("scratch-dev");
        assert.ok(!must || (await canBePulled(repository, digest)), `${tag} of plan ${plan}`);
      }
      deleted += digests.size - left.length;
    }
    console.log(`      ${PLANS} plans: ${deleted} tags went, 0 digests lost`);
    assert.ok(deleted > PLANS);
  });
});
