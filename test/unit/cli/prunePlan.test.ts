import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import type { Use } from "../../../cli/cluster";
import type { Held, HeldManifest } from "../../../cli/prune/held";
import { type Evidence, type Plan, type Provenance, planRemovals, type Rules } from "../../../cli/prune/plan";
import { DIRTY, REVISION, sha256, TREE } from "./setup";

const DAY = 24 * 60 * 60 * 1000;
const NOW = new Date("2024-06-01T00:00:00Z");
const RULES: Rules = { keepLast: 2, keepForMs: 30 * DAY, now: NOW, stacks: ["dev"] };

const commitOf = (number: number) => sha256(`commit ${number}`).slice(7, 47);
const treeOf = (number: number) => sha256(`tree ${number}`).slice(7, 47);

interface Shelved {
  tags: string[];
  digest: string;
  /** Of commit and tree. */
  version?: number;
  debug?: boolean;
  parts?: string[];
  subject?: string;
  config?: string;
  created?: Date;
}

function heldOf(images: Shelved[]): Held {
  const manifests = images.map(({ digest, version, debug, parts = [], subject, config, created }): HeldManifest => {
    const labels: Record<string, string> =
      version === undefined ? {} : { [REVISION]: commitOf(version), [TREE]: treeOf(version) };
    return {
      digest,
      parts,
      subject,
      config,
      created,
      labels: debug ? { ...labels, [DIRTY]: "true" } : labels,
    };
  });
  return {
    repository: "registry.example/app",
    tags: new Map(images.flatMap(({ tags, digest }) => tags.map((tag) => [tag, digest]))),
    manifests: new Map(manifests.map((manifest) => [manifest.digest, manifest])),
    dangling: [],
  };
}

/** A version is as many days old as its number. */
function provenanceOf(number: number, more: Partial<Provenance> = {}): Provenance {
  const committedAt = new Date(NOW.getTime() - number * DAY);
  return {
    commit: { hash: commitOf(number), subject: "Change", author: "Ada", committedAt },
    commitIs: "there",
    paths: ["app"],
    refs: [],
    ...more,
  };
}

function evidenceOf(
  images: Shelved[],
  more: { uses?: Use[]; provenance?: [digest: string, Partial<Provenance>][] } = {},
): Evidence {
  const known = new Map(more.provenance);
  return {
    held: heldOf(images),
    name: "app",
    uses: more.uses ?? [],
    provenance: new Map(
      images.flatMap(({ digest, version }) =>
        version === undefined ? [] : [[digest, provenanceOf(version, known.get(digest))]],
      ),
    ),
  };
}

const tagOf = (number: number, debug = false) => commitOf(number).slice(0, 7) + (debug ? "-debug" : "");
const image = (number: number, more: Partial<Shelved> = {}): Shelved => ({
  tags: [tagOf(number)],
  digest: sha256(`image ${number}`),
  version: number,
  ...more,
});

/** Why each tag stays or goes, by tag. */
function said(evidence: Evidence, rules: Partial<Rules> = {}): Record<string, string> {
  const { verdicts } = planRemovals(evidence, { ...RULES, ...rules });
  return Object.fromEntries(
    verdicts.map(({ tag, stays, goes }) => [
      tag,
      stays.length > 0 ? stays.map(({ rule, words }) => `${rule}: ${words}`).join("; ") : `GOES: ${goes}`,
    ]),
  );
}

describe("what may go from a repository", () => {
  it("are versions that are older than the last ones, and that nothing needs", () => {
    const images = [10, 20, 40, 50, 60].map((number) => image(number));
    const evidence = evidenceOf(images, { provenance: [[sha256("image 50"), { refs: ["HEAD", "main", "v1"] }]] });
    assert.deepEqual(said(evidence), {
      [tagOf(10)]: "last: it is one of the last 2 versions; young: its commit is from 2024-05-22 00:00 UTC",
      [tagOf(20)]: "last: it is one of the last 2 versions; young: its commit is from 2024-05-12 00:00 UTC",
      [tagOf(40)]: "GOES: older than the last 2 versions, and nothing needs it",
      [tagOf(50)]: "ref: HEAD (and 2 others) has its files",
      [tagOf(60)]: "GOES: older than the last 2 versions, and nothing needs it",
    });
    const { removals } = planRemovals(evidence, RULES);
    assert.deepEqual(
      removals,
      [40, 60]
        .map((number) => ({ digest: sha256(`image ${number}`), tags: [tagOf(number)] }))
        .sort((one, other) => (one.digest < other.digest ? -1 : 1)),
    );
  });

  it("is nothing that a cluster runs, under whatever name, or that it names by a tag", () => {
    const images = [40, 50, 60, 70].map((number) => image(number, { config: sha256(`config ${number}`) }));
    const uses: Use[] = [
      { words: "pod web/app-1 of prod runs it", name: "elsewhere", digest: sha256("image 40") },
      { words: "pod web/app-2 of prod runs it", name: "app", digest: sha256("image 40") },
      { words: "ReplicaSet web/app-5d of prod can be rolled back to it", name: "app", tag: tagOf(50) },
      { words: "pod web/app-3 of prod runs it", digest: sha256("config 60") },
      { words: "pod web/other of prod runs it", name: "other", tag: tagOf(70) },
    ];
    assert.deepEqual(said(evidenceOf(images, { uses }), { keepLast: 0 }), {
      [tagOf(40)]: "cluster: pod web/app-1 of prod runs it (and 1 other)",
      [tagOf(50)]: "cluster: ReplicaSet web/app-5d of prod can be rolled back to it",
      [tagOf(60)]: "cluster: pod web/app-3 of prod runs it",
      [tagOf(70)]: "GOES: nothing needs it",
    });
  });

  it("is no part of an index that stays, and no index of a part that runs", () => {
    const images: Shelved[] = [
      image(40, { parts: [sha256("amd"), sha256("arm")] }),
      image(50, { parts: [sha256("old amd"), sha256("old arm")] }),
      image(60, { digest: sha256("amd") }),
      { tags: [], digest: sha256("arm") },
      { tags: [], digest: sha256("old amd") },
    ];
    const uses: Use[] = [{ words: "pod web/app-1 of prod runs it", digest: sha256("arm") }];
    const evidence = evidenceOf(images, { uses });
    assert.deepEqual(said(evidence, { keepLast: 0 }), {
      [tagOf(40)]: "cluster: pod web/app-1 of prod runs it",
      [tagOf(50)]: "GOES: nothing needs it",
      [tagOf(60)]: `needed: ${tagOf(40)} needs it`,
    });
    // The index first; what the registry does not have can't be deleted.
    assert.deepEqual(planRemovals(evidence, { ...RULES, keepLast: 0 }).removals, [
      { digest: sha256("image 50"), tags: [tagOf(50)] },
      { digest: sha256("old amd"), tags: [] },
    ]);
  });

  it("are attestations of what goes, before it, and no others", () => {
    const signature = (of: string, more: Partial<Shelved> = {}): Shelved => ({
      tags: [`${of.replace(":", "-")}.sig`],
      digest: sha256(`signature of ${of}`),
      ...more,
    });
    const [kept, gone] = [image(1), image(40)];
    const elsewhere = sha256("elsewhere");
    const referrers: Shelved = {
      tags: [gone.digest.replace(":", "-")],
      digest: sha256("referrers"),
      parts: [sha256("statement")],
    };
    const evidence = evidenceOf([
      kept,
      gone,
      signature(kept.digest),
      signature(gone.digest),
      signature(elsewhere),
      referrers,
      { tags: [], digest: sha256("statement"), subject: gone.digest },
      { tags: ["sbom"], digest: sha256("sbom"), subject: sha256("image 50") },
      image(50),
    ]);
    assert.deepEqual(said(evidence, { keepLast: 0 }), {
      [tagOf(1)]: "young: its commit is from 2024-05-31 00:00 UTC",
      [tagOf(40)]: "GOES: nothing needs it",
      [tagOf(50)]: "needed: sbom needs it",
      sbom: "unknown: it is not a version tag",
      [signature(kept.digest).tags[0] ?? ""]: `needed: it vouches for ${kept.digest.slice(0, 19)}, which is kept`,
      [signature(gone.digest).tags[0] ?? ""]: `GOES: it refers to ${gone.digest.slice(0, 19)}, which can be deleted`,
      [signature(elsewhere).tags[0] ?? ""]:
        `unknown: it refers to ${elsewhere.slice(0, 19)}, which is not in this repository`,
      [referrers.tags[0] ?? ""]: `GOES: it refers to ${gone.digest.slice(0, 19)}, which can be deleted`,
    });
    const order = planRemovals(evidence, { ...RULES, keepLast: 0 }).removals.map(({ digest }) => digest);
    assert.deepEqual(
      [...order].sort(),
      [gone.digest, sha256(`signature of ${gone.digest}`), sha256("referrers"), sha256("statement")].sort(),
    );
    assert.ok(order.indexOf(sha256(`signature of ${gone.digest}`)) < order.indexOf(gone.digest));
    assert.ok(order.indexOf(sha256("referrers")) < order.indexOf(sha256("statement")));
  });

  it("is no tag of an image that another tag keeps", () => {
    const shared = image(1, { tags: [tagOf(1), "scratch-gone-0123456789ab"] });
    assert.deepEqual(said(evidenceOf([{ ...shared, created: new Date(0) }])), {
      [tagOf(1)]: "last: it is one of the last 2 versions; young: its commit is from 2024-05-31 00:00 UTC",
      "scratch-gone-0123456789ab": `needed: ${tagOf(1)}, which is kept, is the same image`,
    });
  });

  it("count no scratch tag as a version, whether it is left at content or moved to a version", () => {
    const images: Shelved[] = [
      { tags: ["scratch-gone-0123456789ab"], digest: sha256("content"), created: NOW },
      image(40, { tags: [tagOf(40), "scratch-gone-ba9876543210"] }),
      ...[50, 60].map((number) => image(number)),
    ];
    const found = said(evidenceOf(images));
    assert.equal(found[tagOf(40)], "last: it is one of the last 2 versions");
    assert.equal(found[tagOf(50)], "last: it is one of the last 2 versions");
    assert.equal(found[tagOf(60)], "GOES: older than the last 2 versions, and nothing needs it");
    const one = said(evidenceOf(images), { keepLast: 1 });
    assert.equal(one[tagOf(40)], "last: it is the last version");
    assert.equal(one[tagOf(50)], "GOES: older than the last version, and nothing needs it");
  });

  it("are scratch tags of stacks that are gone, once they are old", () => {
    const scratch = (stack: string, created: Date | undefined): Shelved => ({
      tags: [`scratch-${stack}-0123456789ab`],
      digest: sha256(stack),
      created,
    });
    const images = [
      scratch("dev", new Date(0)),
      scratch("gone", new Date(0)),
      scratch("young", NOW),
      scratch("ageless", undefined),
    ];
    assert.deepEqual(said(evidenceOf(images)), {
      "scratch-dev-0123456789ab": "stack: the stack dev needs it",
      "scratch-gone-0123456789ab": "GOES: the stack gone does not exist",
      "scratch-young-0123456789ab": "young: it was built at 2024-06-01 00:00 UTC",
      "scratch-ageless-0123456789ab": "unknown: its age is unknown",
    });
    assert.equal(
      said(evidenceOf(images), { stacks: undefined })["scratch-gone-0123456789ab"],
      "stack: it is not known whether the stack gone exists: name the existing ones with --stack",
    );
  });

  it("are debug images of commits that are gone, and old ones that no branch has", () => {
    const debug = (number: number, created: Date) =>
      image(number, { tags: [tagOf(number, true)], debug: true, created });
    const old = new Date(0);
    const images = [debug(40, old), debug(50, old), debug(60, old), debug(70, NOW), debug(80, old), debug(90, old)];
    const provenance: [string, Partial<Provenance>][] = [
      [sha256("image 40"), { commitIs: "lost" }],
      [sha256("image 50"), { commitIs: "lost", commit: undefined, paths: [] }],
      [sha256("image 60"), { refs: ["main"] }],
      [sha256("image 90"), { commitIs: "unknown", commit: undefined, paths: [] }],
    ];
    assert.deepEqual(said(evidenceOf(images, { provenance })), {
      [tagOf(40, true)]: "GOES: a debug image of a commit that no longer exists",
      [tagOf(50, true)]: "GOES: a debug image of a commit that no longer exists",
      [tagOf(60, true)]: "ref: main has its files",
      [tagOf(70, true)]: "young: it was built at 2024-06-01 00:00 UTC",
      [tagOf(80, true)]: "GOES: an old debug image; no branch or tag has its files",
      [tagOf(90, true)]: `unknown: this clone does not have its commit ${commitOf(90).slice(0, 12)}`,
    });
  });

  it("is nothing that is not understood", () => {
    const old = new Date(0);
    const images: Shelved[] = [
      { tags: ["latest"], digest: sha256("latest"), created: old },
      { tags: ["0123456"], digest: sha256("unlabelled"), created: old },
      { tags: ["7654321"], digest: sha256("another's"), version: 50, created: old },
      image(60, { debug: true }),
      image(70, { tags: [tagOf(70, true)] }),
      image(80),
      image(90),
    ];
    const provenance: [string, Partial<Provenance>][] = [
      [sha256("image 80"), { commit: undefined, commitIs: "lost", paths: [] }],
      [sha256("image 90"), { paths: [] }],
    ];
    assert.deepEqual(said(evidenceOf(images, { provenance }), { keepLast: 0 }), {
      latest: "unknown: it is not a version tag",
      "0123456": "unknown: its image has no labels for its commit and files",
      "7654321": `unknown: its image is of commit ${commitOf(50).slice(0, 12)}`,
      [tagOf(60)]: "unknown: its image is a debug image",
      [tagOf(70, true)]: "unknown: its image is not a debug image",
      [tagOf(80)]: `unknown: this clone does not have its commit ${commitOf(80).slice(0, 12)}`,
      [tagOf(90)]:
        "unknown: its files are neither at the paths in its labels nor in a directory of its commit: name them " +
        "with --context and --path",
    });
  });

  it("is no version that has a release's tag", () => {
    const images = [image(80), image(90, { tags: [tagOf(90), "v1.4.0"] })];
    assert.deepEqual(said(evidenceOf(images), { keepLast: 0 }), {
      [tagOf(80)]: "GOES: nothing needs it",
      [tagOf(90)]: "needed: v1.4.0, which is kept, is the same image",
      "v1.4.0": "unknown: it is not a version tag",
    });
  });

  it("counts the last versions of each image by itself, and those of one time together", () => {
    const at = (number: number, path: string[], time = number): [string, Partial<Provenance>] => [
      sha256(`image ${number}`),
      { ...provenanceOf(time), commit: { ...provenanceOf(time).commit, hash: commitOf(number) } as never, paths: path },
    ];
    const images = [40, 50, 60, 61, 62, 70, 80].map((number) => image(number));
    const provenance = [
      at(40, ["app"]),
      at(50, ["worker"]),
      at(60, ["app"]),
      at(61, ["app"], 60),
      // One that may be either's takes no place of the others.
      at(62, ["app", "worker"], 41),
      at(70, ["worker"]),
      at(80, ["worker"]),
    ];
    const stays = Object.entries(said(evidenceOf(images, { provenance })))
      .filter(([, words]) => !words.startsWith("GOES"))
      .map(([tag]) => tag);
    assert.deepEqual(stays.sort(), [40, 50, 60, 61, 62, 70].map((number) => tagOf(number)).sort());
  });
});

/** A registry as distribution has it: a manifest goes with all its tags, and what it consists of is left. */
function leftBy({ held }: Evidence, { removals }: Plan): { tags: Set<string>; manifests: Set<string> } {
  const gone = new Set(removals.map(({ digest }) => digest));
  return {
    tags: new Set([...held.tags].filter(([, digest]) => !gone.has(digest)).map(([tag]) => tag)),
    manifests: new Set([...held.manifests.keys()].filter((digest) => !gone.has(digest))),
  };
}

/** All that a manifest leads to, found in the plainest way. */
function leadsTo(held: Held, digest: string, seen = new Set<string>()): Set<string> {
  if (!seen.has(digest)) {
    seen.add(digest);
    const { parts = [], subject } = held.manifests.get(digest) ?? {};
    for (const next of [...parts, ...(subject === undefined ? [] : [subject])]) {
      leadsTo(held, next, seen);
    }
  }
  return seen;
}

const evidences = fc
  .record({
    images: fc.array(
      fc.record({
        number: fc.nat(25),
        kind: fc.constantFrom("version", "debug", "scratch-dev", "scratch-gone", "other", "bare", "untagged"),
        twin: fc.boolean(),
        old: fc.boolean(),
        is: fc.constantFrom("there" as const, "there" as const, "lost" as const, "unknown" as const),
        ref: fc.nat(5),
        path: fc.subarray(["a", "b"]),
      }),
      { minLength: 1, maxLength: 25 },
    ),
    indexes: fc.array(
      fc.record({ of: fc.array(fc.nat(40), { maxLength: 3 }), number: fc.nat(25), tagged: fc.boolean() }),
      { maxLength: 5 },
    ),
    attestations: fc.array(
      fc.record({
        of: fc.nat(40),
        form: fc.constantFrom(".sig", ".att", "", "subject", "tagged subject"),
        on: fc.boolean(),
      }),
      { maxLength: 8 },
    ),
    uses: fc.array(fc.record({ of: fc.nat(40), by: fc.constantFrom("digest", "config", "tag") }), { maxLength: 5 }),
  })
  .map(({ images, indexes, attestations, uses }) => {
    const shelved: Shelved[] = [];
    const provenance: [string, Partial<Provenance>][] = [];
    const taken = new Set<string>();
    const free = (tags: string[]) => tags.filter((tag) => !taken.has(tag) && taken.add(tag));
    images.forEach(({ number, kind, twin, old, is, ref, path }, index) => {
      const digest = sha256(`image ${index}`);
      const tags = {
        version: [tagOf(number), ...(twin ? [commitOf(number).slice(0, 12)] : [])],
        debug: [tagOf(number, true)],
        "scratch-dev": ["scratch-dev-0123456789ab", ...(twin ? [tagOf(number)] : [])],
        "scratch-gone": ["scratch-gone-0123456789ab", ...(twin ? [tagOf(number)] : [])],
        other: ["latest"],
        bare: [tagOf(number)],
        untagged: [],
      }[kind];
      shelved.push({
        tags: free(tags ?? []),
        digest,
        version: kind === "bare" ? undefined : number * 4,
        debug: kind === "debug",
        config: sha256(`config ${index}`),
        created: old ? new Date(0) : undefined,
      });
      provenance.push([
        digest,
        { commitIs: is, paths: path, refs: ref === 0 ? ["main"] : [], ...(is === "unknown" && { commit: undefined }) },
      ]);
    });
    // Versions are named after their numbers, so that labels fit tags.
    for (const each of shelved) {
      const digits = each.tags.map((tag) => /^([0-9a-f]{7})/.exec(tag)?.[1]).find((found) => found !== undefined);
      const number = Array.from({ length: 26 }, (_, n) => n).find((n) => commitOf(n).startsWith(digits ?? "none"));
      each.version = each.version === undefined ? undefined : (number ?? each.version);
    }
    indexes.forEach(({ of, number, tagged }, index) => {
      const parts = of.flatMap((each) => shelved[each]?.digest ?? []);
      shelved.push({
        tags: tagged ? free([tagOf(number)]) : [],
        digest: sha256(`index ${index}`),
        version: number,
        parts,
      });
    });
    attestations.forEach(({ of, form, on }, index) => {
      const subject = shelved[of]?.digest ?? sha256("elsewhere");
      const digest = sha256(`attestation ${index}`);
      if (form === "subject" || form === "tagged subject") {
        shelved.push({ tags: form === "subject" ? [] : free([`note-${index}`]), digest, subject });
      } else {
        shelved.push({
          tags: free([`${subject.replace(":", "-")}${form}`]),
          digest,
          subject: on ? subject : undefined,
          parts: form === "" ? shelved.filter((each) => each.subject === subject).map((each) => each.digest) : [],
        });
      }
    });
    const named = uses.flatMap(({ of, by }): Use[] => {
      const { digest, config, tags } = shelved[of] ?? { digest: sha256("elsewhere"), tags: [] };
      return by === "tag"
        ? tags.slice(0, 1).map((tag) => ({ words: "x", name: "app", tag }))
        : [{ words: "x", digest: by === "config" ? config : digest }];
    });
    return evidenceOf(shelved, { uses: named, provenance });
  });

const ruleSets = fc.record({
  keepLast: fc.nat(4),
  keepForMs: fc.nat(60).map((days) => days * DAY),
  now: fc.constant(NOW),
  stacks: fc.option(fc.subarray(["dev"]), { nil: undefined }),
});

describe("what may go from any repository", () => {
  it("is never what a cluster needs, nor what something that stays needs", () => {
    fc.assert(
      fc.property(evidences, ruleSets, (evidence, rules) => {
        const { held, uses } = evidence;
        const plan = planRemovals(evidence, rules);
        const left = leftBy(evidence, plan);
        for (const { tag, digest, stays } of plan.verdicts) {
          assert.equal(left.tags.has(tag), stays.length > 0, tag);
          for (const needed of stays.length > 0 ? leadsTo(held, digest) : []) {
            assert.equal(left.manifests.has(needed), held.manifests.has(needed), `${tag} needs ${needed}`);
          }
        }
        for (const { digest, tag } of uses) {
          for (const manifest of held.manifests.values()) {
            if (digest !== undefined && (manifest.digest === digest || manifest.config === digest)) {
              for (const needed of leadsTo(held, manifest.digest)) {
                assert.equal(left.manifests.has(needed), held.manifests.has(needed));
              }
            }
          }
          assert.ok(tag === undefined || left.tags.has(tag));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("keeps what each rule keeps", () => {
    fc.assert(
      fc.property(evidences, ruleSets, (evidence, rules) => {
        const { held, provenance } = evidence;
        const left = leftBy(evidence, planRemovals(evidence, rules));
        const versions = [...held.tags].filter(([tag]) => /^[0-9a-f]{7,12}$/.test(tag));
        for (const [tag, digest] of held.tags) {
          const { commit, commitIs, refs, paths } = provenance.get(digest) ?? {
            commit: undefined,
            commitIs: undefined,
            refs: [],
            paths: [] as string[],
          };
          const labels = held.manifests.get(digest)?.labels ?? {};
          const isVersion = /^[0-9a-f]{7,12}(-debug)?$/.test(tag);
          const time = commit?.committedAt.getTime() ?? Number.NEGATIVE_INFINITY;
          const newer = new Set(
            versions.flatMap(([, other]) => {
              const found = provenance.get(other);
              const isNewer = (found?.commit?.committedAt.getTime() ?? 0) > time;
              return isNewer && found?.paths.some((path) => paths.includes(path)) ? [found?.commit?.hash] : [];
            }),
          );
          const must =
            tag === "latest" ||
            tag.startsWith("note-") ||
            (tag === "scratch-dev-0123456789ab" && rules.stacks?.includes("dev") !== false) ||
            (isVersion &&
              (labels[REVISION] === undefined ||
                commitIs === "unknown" ||
                refs.length > 0 ||
                time > NOW.getTime() - rules.keepForMs ||
                (!tag.endsWith("-debug") && (paths.length === 0 || newer.size < rules.keepLast))));
          assert.ok(!must || left.tags.has(tag), tag);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("is the same whatever the order in which the registry lists it", () => {
    fc.assert(
      fc.property(evidences, ruleSets, fc.nat(), (evidence, rules, seed) => {
        const shuffled = [...evidence.held.tags].sort(([one], [other]) =>
          sha256(`${seed} ${one}`) < sha256(`${seed} ${other}`) ? -1 : 1,
        );
        const other = { ...evidence, held: { ...evidence.held, tags: new Map(shuffled) } };
        const goes = (plan: Plan) => plan.removals;
        assert.deepEqual(goes(planRemovals(other, rules)), goes(planRemovals(evidence, rules)));
      }),
      { numRuns: 300 },
    );
  });
});
