import * as assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { text } from "node:stream/consumers";
import { TYPESCRIPT } from "../../../scripts/setup/paths";
import { apiServer, kubeconfigOf, type Objects } from "../../support/apiServer";
import { type FakeRegistry, fakeRegistries, type Reply, type Seen } from "../../support/fakeRegistry";
import { folderOfEach } from "../../support/folder";
import { LONG } from "../../support/long";
import { MemoryRegistry, type Version } from "../../support/memoryRegistry";
import { shortPauses } from "../../support/shortPauses";
import { cli, cliJson, commitsOf, labelsOf, NOW, repositories, sha256, versions } from "./setup";

const MAIN = path.resolve(__dirname, "../../../cli/main.ts");
const FLAGS = ["--keep-last", "1", "--keep-for", "0h"];
/** Two old versions, each an index of two images. */
const REMOVALS = 6;
/** At which of them a process is killed; at the others the registry answers a run in this process no more, which leaves the same behind. */
const KILLED_AT = LONG ? [1, 2, 3, 4, 5, 6] : [4];
/** At which of them a process is told to end, by which signal. */
const SIGNALLED_AT: [NodeJS.Signals, number][] = LONG
  ? [
      ["SIGINT", 1],
      ["SIGINT", 4],
      ["SIGTERM", 1],
      ["SIGTERM", 4],
    ]
  : [
      ["SIGINT", 1],
      ["SIGTERM", 4],
    ];

/** What tells a repository's plan from others. */
const shortOf = (repository: string) => sha256(repository).slice("sha256:".length, "sha256:".length + 12);

/** What a registry answers; undefined: what it would by itself. */
type Heard = Reply | undefined | Promise<undefined>;

describe("versioned-image prune --delete that does not end", () => {
  const { enter, keep } = repositories();
  const start = fakeRegistries();
  shortPauses();
  const plans = folderOfEach();

  /** Old versions that may go and one that stays; `heard` is asked at each deletion, by its number, and may answer in the registry's place. */
  async function example(
    heard: (number: number, apply: () => Reply, url: string) => Heard = () => undefined,
    made = versions(),
  ) {
    enter(made);
    const commits = [...commitsOf(made).slice(0, 2), made.head()];
    const memory = new MemoryRegistry();
    const pushed = commits.map((commit) =>
      memory.push(commit.slice(0, 7), labelsOf(made, commit, "images/app"), ["amd64", "arm64"]),
    );
    let deletions = 0;
    const answer = async (seen: Seen): Promise<Reply> => {
      const apply = () => memory.answer("app", seen);
      return (seen.method === "DELETE" ? await heard(++deletions, apply, seen.url) : undefined) ?? apply();
    };
    const registry = await start(answer);
    const [first, second, newest] = pushed as [Version, Version, Version];
    return { made, memory, registry, repository: `${registry.host}/app`, old: [first, second], newest };
  }

  const partsOf = ({ digest, images }: Version) => [digest, ...images.map((image) => image.digest)];

  /** Which manifests of versions the registry has. */
  function left(memory: MemoryRegistry, versions: Version[]): string[] {
    return versions.flatMap(partsOf).filter((digest) => memory.contents.has(digest));
  }

  const argvOf = (repository: string, ...more: string[]) => [
    ...["prune", repository, ...FLAGS, "--no-cluster", "--plan-dir", plans(), "--delete", ...more],
  ];

  /** Runs it in a process of its own, which can be killed. */
  function begin(repository: string, ...more: string[]) {
    const child = spawn(process.execPath, [...TYPESCRIPT, MAIN, ...argvOf(repository, ...more)], {
      cwd: process.cwd(),
      env: { ...process.env, DOCKER_CONFIG: "/nonexistent" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
      child.on("close", (code, signal) => resolve({ code, signal }));
    });
    return { child, ended, out: text(child.stdout), err: text(child.stderr) };
  }

  const outcomes = (found: { removals: { digest: string; outcome: string }[] }) =>
    Object.fromEntries(found.removals.map(({ digest, outcome }) => [digest, outcome]));

  /** Another run deletes nothing, and says where the plan is. */
  async function assertUnfinished(repository: string, registry: FakeRegistry): Promise<void> {
    const before = registry.seen.length;
    const refused = await cliJson(argvOf(repository));
    assert.deepEqual([refused.status, refused.json.error.code], [1, "PruneUnfinished"]);
    const dry = await cli(["prune", repository, ...FLAGS, "--no-cluster", "--plan-dir", plans()]);
    const [name = ""] = readdirSync(plans());
    assert.ok(
      dry.out.includes(
        `Another run on ${repository} was interrupted, or is still running: --resume finishes the plan in ` +
          `${plans(name)}.\n`,
      ),
      dry.out,
    );
    assert.deepEqual(
      registry.seen.slice(before).filter(({ method }) => method === "DELETE"),
      [],
    );
  }

  for (const [when, isApplied] of [
    ["before", false],
    ["after", true],
  ] as const) {
    for (let number = 1; number <= REMOVALS; number++) {
      const isKilled = KILLED_AT.includes(number);
      it(`is ended by --resume, ${isKilled ? "killed" : "cut off"} right ${when} deletion ${number} of ${REMOVALS}`, async () => {
        let child: ChildProcess | undefined;
        let isOver = false;
        const { memory, registry, repository, old, newest } = await example((count, apply) => {
          if (count < number || isOver) {
            return undefined;
          }
          if (count === number && isApplied) {
            apply();
          }
          child?.kill("SIGKILL");
          return "close";
        });
        if (isKilled) {
          const running = begin(repository);
          child = running.child;
          assert.deepEqual(await running.ended, { code: null, signal: "SIGKILL" }, await running.err);
        } else {
          assert.equal((await cliJson(argvOf(repository))).status, 1);
        }
        isOver = true;
        const there = left(memory, old);
        assert.equal(there.length, REMOVALS - number + (isApplied ? 0 : 1));
        if (isKilled) {
          await assertUnfinished(repository, registry);
        }

        const { status, json } = await cliJson(argvOf(repository, "--resume"));
        assert.equal(status, 0, JSON.stringify(json));
        const [found] = json.repositories;
        const { made: _, planned, gone, stays } = found.resumed;
        assert.deepEqual([...planned].sort(), old.flatMap(partsOf).sort());
        assert.deepEqual([...gone].sort(), planned.filter((digest: string) => !there.includes(digest)).sort());
        assert.deepEqual(stays, []);
        assert.deepEqual(outcomes(found), Object.fromEntries(there.map((digest) => [digest, "deleted"])));
        assert.deepEqual([found.lost, found.stopped, found.plan], [[], null, null]);
        assert.deepEqual(left(memory, [...old, newest]), partsOf(newest));
        assert.deepEqual(readdirSync(plans()), []);
      });
    }
  }

  for (const [signal, number] of SIGNALLED_AT) {
    it(`ends the deletion that is under way at ${signal}, and tells what went and what is left: ${number}`, async () => {
      let child: ChildProcess | undefined;
      const { memory, repository, old, newest } = await example(async (count) => {
        if (count === number && child?.stderr) {
          child.kill(signal);
          await once(child.stderr, "data");
        }
        return undefined;
      });
      const running = begin(repository);
      child = running.child;
      const { code } = await running.ended;
      const [name = ""] = readdirSync(plans());
      const lines = (await running.out).split("\n");
      assert.deepEqual(
        lines.slice(lines.findIndex((line) => line.startsWith("Deleted:"))),
        [
          `Deleted: ${number} manifest${number === 1 ? "" : "s"}.`,
          `Left: ${REMOVALS - number} manifests, because ${signal} was received`,
          `The rest is in ${plans(name)}. Run the same command with --resume to finish.`,
          `Kept tags were not checked afterwards, because ${signal} was received`,
          "",
          `Commits, branches and tags are from ${process.cwd()}.`,
          "No cluster was checked.",
          "",
        ],
        await running.err,
      );
      assert.equal(
        await running.err,
        `versioned-image: ${signal}: stopping after the current deletion (a second signal stops it at once)\n`,
      );
      assert.equal(code, 1);
      assert.equal(left(memory, old).length, REMOVALS - number);
      const { status } = await cliJson(argvOf(repository, "--resume"));
      assert.equal(status, 0);
      assert.deepEqual(left(memory, [...old, newest]), partsOf(newest));
      assert.deepEqual(readdirSync(plans()), []);
    });
  }

  it("of a registry that answers no more half way, tells what went and what is left", async () => {
    const { memory, repository, old, newest } = await example((count) => (count >= 3 ? "close" : undefined));
    const { status, json } = await cliJson(argvOf(repository));
    assert.equal(status, 1);
    const [found] = json.repositories;
    assert.deepEqual(found.removals.map(({ outcome }: { outcome: string }) => outcome).sort(), [
      "deleted",
      "deleted",
      "left",
      "left",
      "left",
      "left",
    ]);
    assert.match(found.stopped, /^The registry 127\.0\.0\.1:\d+ did not answer/);
    assert.equal(left(memory, old).length, 4);
    assert.deepEqual(left(memory, [newest]), partsOf(newest));
    assert.deepEqual([found.plan], [plans(readdirSync(plans())[0] ?? "")]);
  });

  for (const [what, tagsGo] of [
    ["and its tag", false],
    ["whose tag it has deleted", true],
  ] as const) {
    it(`keeps what an index needs that the registry refuses to delete, ${what}`, async () => {
      let first = "";
      let isPatient = false;
      const { memory, repository, old, newest } = await example((_, __, url) => {
        const name = url.replace(/.*\//, "");
        first ||= name;
        if (isPatient || (name !== first && memory.tags.get(name) !== first)) {
          return undefined;
        }
        return name !== first && tagsGo && memory.tags.delete(name)
          ? { status: 202 }
          : { status: 403, body: { errors: [{ code: "DENIED", message: "no right" }] } };
      });
      const { status, json } = await cliJson(argvOf(repository));
      assert.equal(status, 1);
      const [found] = json.repositories;
      const [refused] = found.removals;
      const index = old.find(({ digest }) => digest === first) as Version;
      assert.deepEqual(
        [refused.digest, refused.outcome, refused.message, refused.tags],
        [first, "refused", "DENIED: no right", tagsGo ? [] : [index.tag]],
      );
      assert.deepEqual(left(memory, [...old, newest]).sort(), [index, newest].flatMap(partsOf).sort());
      for (const { digest } of index.images) {
        const { outcome, message } = found.removals.find((each: { digest: string }) => each.digest === digest);
        assert.deepEqual([outcome, message], ["kept", `${first.slice(0, 19)}, which was refused, needs it`]);
      }
      // What has a tag is found without a plan.
      assert.equal(readdirSync(plans()).length, tagsGo ? 1 : 0);
      isPatient = true;
      assert.equal((await cliJson(argvOf(repository, "--resume"))).status, 0);
      assert.deepEqual(left(memory, [...old, newest]), partsOf(newest));
    });
  }

  describe("of facts that change", () => {
    /** A clock that stands until the first deletion, and is two minutes later after it. */
    function clock() {
      let isLater = false;
      return {
        now: () => new Date(NOW.getTime() + (isLater ? 120_000 : 0)),
        pass: () => {
          isLater = true;
        },
      };
    }

    async function withCluster(
      change: (objects: Objects, old: Version[], memory: MemoryRegistry) => Reply | undefined,
    ) {
      const time = clock();
      let old: Version[] = [];
      let memory = new MemoryRegistry();
      let answer: Reply | undefined;
      const objects: Objects = {};
      const made = await example((count) => {
        if (count === 1) {
          time.pass();
          answer = change(objects, old, memory);
        }
        return undefined;
      });
      ({ old, memory } = made);
      const server = await start((seen) => answer ?? apiServer(objects)(seen));
      const file = plans("config");
      writeFileSync(file, kubeconfigOf(server.host));
      const states = plans("states");
      const argv = ["prune", made.repository, ...FLAGS, "--kubeconfig", file, "--plan-dir", states, "--delete"];
      const { status, json } = await cliJson(argv, { now: time.now });
      return { ...made, status, found: json.repositories?.[0], json, states, objects, argv };
    }

    const pod = (image: string) => ({
      metadata: { name: "late", namespace: "web" },
      spec: { containers: [{ name: "main", image }] },
      status: { phase: "Pending" },
    });

    it("asks the cluster again after a minute: where it does not answer, the rest is left", async () => {
      const { status, found, memory, old, newest, states } = await withCluster(() => "close");
      assert.equal(status, 1);
      assert.deepEqual(
        found.removals.map(({ outcome }: { outcome: string }) => outcome),
        ["deleted", "left", "left", "left", "left", "left"],
      );
      assert.match(found.stopped, /^http:\/\/127\.0\.0\.1:\d+ did not list its kinds of objects/);
      assert.deepEqual(found.lost, []);
      assert.equal(left(memory, old).length, 5);
      assert.deepEqual(left(memory, [newest]), partsOf(newest));
      assert.equal(readdirSync(states).length, 1);
    });

    it("keeps what the cluster runs by then", async () => {
      const { status, found, memory, old } = await withCluster((objects, versions) => {
        objects["v1/pods"] = versions.map(({ tag }) => pod(`registry.example/app:${tag}`));
        return undefined;
      });
      assert.equal(status, 0, JSON.stringify(found));
      const [first, ...others] = found.removals;
      assert.equal(first.outcome, "deleted");
      const kept = old.find(({ digest }) => digest !== first.digest) as Version;
      assert.deepEqual(left(memory, [kept]), partsOf(kept));
      const { outcome, message } = others.find(({ digest }: { digest: string }) => digest === kept.digest);
      assert.deepEqual([outcome, message], ["kept", "pod web/late of prod runs it"]);
    });

    it("keeps the images of an index without a tag that the cluster runs by then", async () => {
      let index = "";
      const { status, found, memory, old } = await withCluster((objects, [, second], registry) => {
        index = registry.pushUntagged(second as Version);
        objects["v1/pods"] = [pod(`registry.example/app@${index}`)];
        return undefined;
      });
      assert.equal(status, 0, JSON.stringify(found));
      assert.ok(memory.contents.has(index));
      const images = (old[1] as Version).images.map(({ digest }) => digest);
      assert.deepEqual(
        images.filter((digest) => !memory.contents.has(digest)),
        [],
      );
    });

    it("on resuming keeps a part without a tag that a cluster runs by now", async () => {
      const { repository, memory, argv, found, objects, states, old } = await withCluster(() => "close");
      const index = old.find(({ digest }) => digest === found.removals[0].digest) as Version;
      const [running, other] = index.images.map(({ digest }) => digest) as [string, string];
      objects["v1/pods"] = [pod(`${repository}@${running}`)];
      const server = await start(apiServer(objects));
      writeFileSync(plans("config"), kubeconfigOf(server.host));
      const { status, json } = await cliJson([...argv, "--resume"]);
      assert.equal(status, 0, JSON.stringify(json));
      const { resumed, removals } = json.repositories[0];
      assert.deepEqual([resumed.gone, resumed.stays], [[index.digest], [running]]);
      assert.ok(removals.some(({ digest }: { digest: string }) => digest === other));
      assert.deepEqual(left(memory, old), [running]);
      assert.deepEqual(readdirSync(states), []);
      const again = await cli([...argv, "--resume"]);
      assert.equal(again.status, 0);
      assert.deepEqual(left(memory, old), [running]);
    });

    for (const [what, has] of [
      ["that the clone lacks, the rest is left", false],
      ["whose files are an old version's, that is kept", true],
    ] as const) {
      it(`asks git's remotes again: of a branch ${what}`, async () => {
        const time = clock();
        let push = () => {};
        const made = await example((count) => {
          if (count === 1) {
            time.pass();
            push();
          }
          return undefined;
        }, keep(versions().copy()));
        const origin = keep(made.made.clone("--bare"));
        made.made.git("remote", "add", "origin", origin.directory);
        const [first, second] = made.made.git("rev-list", "--reverse", "HEAD").split("\n");
        push = () => {
          if (has) {
            origin.git("branch", "one", String(first));
            origin.git("branch", "two", String(second));
          } else {
            const commit = origin.git("commit-tree", "-m", "Elsewhere", "HEAD^{tree}");
            origin.git("branch", "other", commit);
          }
        };
        const { status, json } = await cliJson(argvOf(made.repository), { now: time.now });
        const [found] = json.repositories;
        const [one, ...others] = found.removals;
        assert.equal(one.outcome, "deleted");
        if (has) {
          assert.equal(status, 0, JSON.stringify(json));
          const kept = made.old.find(({ digest }) => digest !== one.digest) as Version;
          assert.deepEqual(left(made.memory, [kept]), partsOf(kept));
          assert.equal(
            others.find(({ digest }: { digest: string }) => digest === kept.digest).message,
            `origin/${kept === made.old[0] ? "one" : "two"} has its files`,
          );
        } else {
          assert.equal(status, 1);
          assert.match(found.stopped, /lacks the commit of origin\/other of its remote origin/);
          assert.equal(left(made.memory, made.old).length, 5);
        }
      });
    }
  });

  describe("and its plan", () => {
    /** A run that came as far as its second deletion. */
    async function unfinished() {
      let isOver = false;
      const made = await example((count) => (count >= 2 && !isOver ? "close" : undefined));
      assert.equal((await cliJson(argvOf(made.repository))).status, 1);
      isOver = true;
      return { ...made, file: plans(readdirSync(plans())[0] ?? "") };
    }

    it("is for its user alone, and has the names and digests of what was to go and nothing else", async () => {
      const { file, repository, old } = await unfinished();
      assert.equal(statSync(file).mode & 0o777, 0o600);
      const { format, repository: named, made, removals, checksum, ...others } = JSON.parse(readFileSync(file, "utf8"));
      assert.deepEqual([format, named, others], ["versioned-image prune, plan 1", repository, {}]);
      assert.match(made, /^\d{4}-\d\d-\d\dT/);
      assert.match(checksum, /^sha256:/);
      assert.deepEqual(
        removals.map(({ digest, tags }: { digest: string; tags: string[] }) => [digest, tags]).sort(),
        old
          .flatMap(({ digest, tag, images }) => [[digest, [tag]], ...images.map((image) => [image.digest, []])])
          .sort(),
      );
    });

    const spoilt: [what: string, spoil: (text: string) => string][] = [
      ["cut off", (text) => text.slice(0, -40)],
      ["empty", () => ""],
      ["with another digest", (text) => text.replace(/"sha256:\w{8}/, '"sha256:00000000')],
      ["with a tag more", (text) => text.replace('"tags": []', '"tags": ["latest"]')],
      ["with a field more", (text) => text.replace("{", '{"more": 1,')],
      ["of another time", (text) => text.replace(/"made": "\d{4}/, '"made": "2020')],
      ["of another release", (text) => text.replace("plan 1", "plan 2")],
      ["a list", () => "[]"],
      ["no JSON", () => "removals: []\n"],
    ];
    it("is refused if it was changed, and nothing goes", async () => {
      const { file, repository, registry } = await unfinished();
      const whole = readFileSync(file, "utf8");
      const before = registry.seen.length;
      for (const [what, spoil] of spoilt) {
        assert.notEqual(spoil(whole), whole, what);
        writeFileSync(file, spoil(whole));
        const { status, json } = await cliJson(argvOf(repository, "--resume"));
        assert.deepEqual([status, json.error?.code], [1, "PlanFailed"], what);
        assert.equal(
          json.error.message,
          `${file} is not a plan of this release of versioned-image, or was changed. Nothing was deleted. Name ` +
            "another directory with --plan-dir, or delete the " +
            "file and run without --resume, which finds everything that has a tag.",
        );
      }
      rmSync(file);
      mkdirSync(file);
      const { json } = await cliJson(argvOf(repository, "--resume"));
      assert.equal(json.error.code, "PlanFailed");
      assert.deepEqual(
        registry.seen.slice(before).filter(({ method }) => method === "DELETE"),
        [],
      );
    });

    it("is refused if it is another repository's", async () => {
      const { file, repository } = await unfinished();
      const other = await example();
      assert.equal(path.basename(file), `app-${shortOf(repository)}.json`);
      renameSync(file, plans(`app-${shortOf(other.repository)}.json`));
      const { status, json } = await cliJson(argvOf(other.repository, "--resume"));
      assert.deepEqual([status, json.error?.code], [1, "PlanFailed"]);
      assert.ok(
        json.error.message.includes(` is the plan of ${repository}, not of ${other.repository}. Nothing was deleted`),
        json.error.message,
      );
    });

    it("must be written before anything goes", async () => {
      const { repository, memory, old, newest } = await example();
      writeFileSync(plans("file"), "");
      const { status, json } = await cliJson(
        argvOf(repository).map((each) => (each === plans() ? plans("file", "plans") : each)),
      );
      assert.deepEqual([status, json.error?.code], [1, "PlanFailed"]);
      assert.match(json.error.message, /^The plan can't be written: ENOTDIR/);
      assert.equal(left(memory, [...old, newest]).length, 9);
    });

    it("is in the user's directory for states by default, and is gone when all is done", async () => {
      let seen: string[] = [];
      const { repository } = await example(() => {
        seen = readdirSync(plans("versioned-image", "prune"));
        return undefined;
      });
      const argv = ["prune", repository, ...FLAGS, "--no-cluster", "--delete"];
      const { status } = await cliJson(argv, { env: { XDG_STATE_HOME: plans() } });
      assert.equal(status, 0);
      assert.deepEqual(seen, [`app-${shortOf(repository)}.json`]);
      assert.deepEqual(readdirSync(plans("versioned-image", "prune")), []);
    });
  });
});
