import type { Repository } from "../../components/registry";
import type { Commit } from "../../components/version";
import type { Use } from "../cluster";
import { count, shortTime } from "../output";
import { closure, type Held, indexesIn, withParts } from "./held";
import { subjectOf, type TagKind, tagKind } from "./tagKind";

/** What git knows of an image. */
export interface Provenance {
  /** Undefined if this clone does not have it. */
  commit: Commit | undefined;
  /**
   * "lost": no branch, tag or HEAD leads to the commit, or the clone of the repository that the image names does not have it.
   * "unknown": the clone does not have it, and may be another repository's.
   */
  commitIs: "there" | "lost" | "unknown";
  /** The directories, or paths together, that have its files at its commit; none if they were not found. */
  paths: string[];
  /** The branches and tags, and HEAD, whose files are its own. */
  refs: string[];
}

export interface Rules {
  /** The versions of each image that are kept, by their commits' times. */
  keepLast: number;
  /** What is younger is kept, in milliseconds. */
  keepForMs: number;
  now: Date;
  /** The stacks that there are, as scratch tags name them; undefined if that was not said. */
  stacks: string[] | undefined;
}

/** Why a tag stays. */
export interface Reason {
  rule: "cluster" | "ref" | "last" | "young" | "needed" | "stack" | "unknown";
  words: string;
}

/** What is to become of a tag. */
export interface Verdict {
  tag: string;
  digest: string;
  kind: TagKind["kind"];
  commit: Commit | undefined;
  /** None if it may go. */
  stays: Reason[];
  /** Why it may go; empty if it stays. */
  goes: string;
}

/** A manifest that may be deleted, with all tags that lead to it. */
export interface Removal {
  digest: string;
  tags: string[];
}

export interface Plan {
  repository: string;
  /** By tag. */
  verdicts: Verdict[];
  /** In the order in which they must go: attestations before what they are about, indexes before their images. */
  removals: Removal[];
  /** All that must be there afterwards. */
  needed: Set<string>;
}

export interface Evidence {
  held: Held;
  /** The repository's name at its host. */
  name: Repository["name"];
  /** By digest. */
  provenance: Map<string, Provenance>;
  uses: Use[];
  /** What an interrupted run was to delete, and no tag leads to any more. Default: nothing. */
  leftovers?: Removal[];
}

/** Decides what may go from a repository, and says why each tag stays or goes. */
export function planRemovals(evidence: Evidence, rules: Rules): Plan {
  const { held, leftovers = [] } = evidence;
  const tags = [...held.tags].map(([tag, digest]): Tagged => {
    const kind = tagKind(tag, held.manifests.get(digest)?.labels);
    return { tag, digest, kind, provenance: evidence.provenance.get(digest) };
  });
  const used = usedDigests(evidence);
  const last = lastVersions(tags, rules);
  const stays = new Map<string, Reason[]>();
  for (const tagged of tags) {
    const reasons = [
      ...clusterReasons(tagged, used, evidence),
      ...(tagged.kind.kind === "attestation" ? [] : ownReasons(tagged, last, rules, held)),
    ];
    if (reasons.length > 0) {
      stays.set(tagged.tag, reasons);
    }
  }
  const needed = settle(tags, stays, used, held);
  const removals = removalsOf(
    tags.filter(({ tag }) => !stays.has(tag)),
    leftovers.filter((removal) => !subjectsOf(removal, held).some((subject) => needed.has(subject))),
    needed,
    held,
  );
  const verdicts = tags.map(
    (tagged): Verdict => ({
      tag: tagged.tag,
      digest: tagged.digest,
      kind: tagged.kind.kind,
      commit: tagged.provenance?.commit,
      stays: stays.get(tagged.tag) ?? [],
      goes: stays.has(tagged.tag) ? "" : whyItGoes(tagged, rules),
    }),
  );
  return { repository: held.repository, verdicts: verdicts.sort(byTag), removals, needed };
}

interface Tagged {
  tag: string;
  digest: string;
  kind: TagKind;
  provenance: Provenance | undefined;
}

function byTag(one: Verdict, other: Verdict): number {
  return one.tag < other.tag ? -1 : 1;
}

/** The digests that clusters need, with the words of who does. A digest needs no repository to be the same image. */
function usedDigests({ held, uses }: Evidence): Map<string, string[]> {
  const used = new Map<string, string[]>();
  const byConfig = new Map<string, string[]>();
  for (const { digest, config } of held.manifests.values()) {
    if (config !== undefined) {
      byConfig.set(config, [...(byConfig.get(config) ?? []), digest]);
    }
  }
  const withIndexes = indexesIn(held);
  for (const { digest, words } of uses) {
    // A runtime may name the manifest or the configuration, and does not say which.
    const named = digest === undefined ? [] : [digest, ...(byConfig.get(digest) ?? [])];
    // Where a runtime names the image for its platform, the index that led to it must stay, too.
    for (const each of withIndexes(named)) {
      const known = used.get(each) ?? [];
      if (!known.includes(words)) {
        used.set(each, [...known, words]);
      }
    }
  }
  return used;
}

function clusterReasons({ tag, digest }: Tagged, used: Map<string, string[]>, { uses, name }: Evidence): Reason[] {
  const named = uses
    .filter((use) => use.digest === undefined && use.name === name && (use.tag ?? tag) === tag)
    .map(({ words }) => words);
  const words = [...new Set([...(used.get(digest) ?? []), ...named])];
  return reasonIf(words.length > 0, "cluster", `${words[0]}${andOthers(words)}`);
}

/** The commits of the last versions of each image. An image is known by its paths, as far as they were found. */
function lastVersions(tags: Tagged[], { keepLast }: Rules): Set<string> {
  const versions = tags.flatMap(({ kind, provenance }) =>
    kind.kind === "version" && provenance?.commit ? [{ ...provenance.commit, paths: provenance.paths }] : [],
  );
  const kept = new Set<string>();
  for (const path of new Set(versions.flatMap(({ paths }) => paths))) {
    // One that may be another image's, of the same files, takes no place.
    const sure = new Map(
      versions
        .filter(({ paths }) => paths.length === 1 && paths[0] === path)
        .map(({ hash, committedAt }) => [hash, committedAt]),
    );
    const times = [...sure.values()].map((time) => time.getTime()).sort((one, other) => other - one);
    const oldest = keepLast > 0 ? (times[keepLast - 1] ?? Number.NEGATIVE_INFINITY) : Number.POSITIVE_INFINITY;
    for (const { hash, committedAt, paths } of versions) {
      // Of several of one time none is the last.
      if (paths.includes(path) && committedAt.getTime() >= oldest) {
        kept.add(hash);
      }
    }
  }
  return kept;
}

function reasonIf(isSo: boolean, rule: Reason["rule"], words: string): Reason[] {
  return isSo ? [{ rule, words }] : [];
}

function andOthers({ length }: unknown[]): string {
  return length > 1 ? ` (and ${count(length - 1, "other")})` : "";
}

/** Why a tag stays by itself, whatever the others do. */
function ownReasons(tagged: Tagged, last: Set<string>, rules: Rules, held: Held): Reason[] {
  const created = held.manifests.get(tagged.digest)?.created;
  const { kind, provenance = UNKNOWN } = tagged;
  switch (kind.kind) {
    case "attestation":
      return [];
    case "unknown":
      return [{ rule: "unknown", words: kind.why }];
    case "scratch":
      return [...stackReasons(kind.stack, rules), ...youngReasons([["it was built at", created]], rules)];
    case "version":
      return [
        ...originReasons(kind.revision, provenance, true),
        ...lastReasons(provenance, last, rules),
        ...(provenance.commit ? youngReasons([["its commit is from", provenance.commit.committedAt]], rules) : []),
      ];
    case "debug":
      return [
        ...originReasons(kind.revision, provenance, false),
        // It may be much younger than its commit.
        ...youngReasons(
          [
            ["its commit is from", provenance.commit?.committedAt],
            ["it was built at", created],
          ],
          rules,
        ),
      ];
  }
}

const UNKNOWN: Provenance = { commit: undefined, commitIs: "unknown", paths: [], refs: [] };

/** Refs that have its files, and what must be known of an image before it may go. A debug image may be of a commit that is gone. */
function originReasons(revision: string, { commit, commitIs, paths, refs }: Provenance, isVersion: boolean): Reason[] {
  const isUnknown = commitIs === "unknown" || (isVersion && !commit);
  const isNowhere = !isUnknown && paths.length === 0 && (isVersion || commitIs === "there");
  return [
    ...reasonIf(isUnknown, "unknown", `this clone does not have its commit ${revision.slice(0, 12)}`),
    ...reasonIf(isNowhere, "unknown", NOWHERE),
    ...reasonIf(refs.length > 0, "ref", `${refs[0]}${andOthers(refs)} has its files`),
  ];
}

const NOWHERE =
  "its files are neither at the paths in its labels nor in a directory of its commit: name them with --context " +
  "and --path";

function lastReasons({ commit }: Provenance, last: Set<string>, { keepLast }: Rules): Reason[] {
  const isLast = commit !== undefined && last.has(commit.hash);
  return reasonIf(isLast, "last", `it is ${keepLast === 1 ? "" : "one of "}${theLast(keepLast)}`);
}

function theLast(versions: number): string {
  return versions === 1 ? "the last version" : `the last ${count(versions, "version")}`;
}

function stackReasons(stack: string, { stacks }: Rules): Reason[] {
  return stacks === undefined
    ? [
        {
          rule: "stack",
          words: `it is not known whether the stack ${stack} exists: name the existing ones with --stack`,
        },
      ]
    : reasonIf(stacks.includes(stack), "stack", `the stack ${stack} needs it`);
}

/** Of several times the youngest counts; what has none may be young. */
function youngReasons(times: [what: string, time: Date | undefined][], { now, keepForMs }: Rules): Reason[] {
  const known = times.flatMap(([what, time]) => (time ? [{ what, time }] : []));
  const [youngest] = known.sort((one, other) => other.time.getTime() - one.time.getTime());
  if (!youngest) {
    return [{ rule: "unknown", words: "its age is unknown" }];
  }
  const { what, time } = youngest;
  return reasonIf(time.getTime() > now.getTime() - keepForMs, "young", `${what} ${shortTime(time)}`);
}

/**
 * Adds the tags that stay because of others, until none is left: those that lead to what something that stays needs, and the
 * attestations of all that does not go. Returns all that must stay.
 */
function settle(tags: Tagged[], stays: Map<string, Reason[]>, used: Map<string, unknown>, held: Held): Set<string> {
  const known = new Set(held.manifests.keys());
  for (;;) {
    const staying = tags.filter(({ tag }) => stays.has(tag));
    const needed = closure(held, [...used.keys(), ...staying.map(({ digest }) => digest)]);
    const needers = needersOf(staying, held);
    const added = tags.flatMap((tagged): [string, Reason][] => {
      const reason = stays.has(tagged.tag) ? undefined : reasonFromOthers(tagged, needed, known, needers);
      return reason ? [[tagged.tag, reason]] : [];
    });
    if (added.length === 0) {
      return needed;
    }
    for (const [tag, reason] of added) {
      stays.set(tag, [reason]);
    }
  }
}

/** By digest, the first of these tags that needs it. */
function needersOf(staying: Tagged[], held: Held): Map<string, Tagged> {
  const needers = new Map<string, Tagged>();
  for (const tagged of staying) {
    for (const digest of closure(held, [tagged.digest])) {
      if (!needers.has(digest)) {
        needers.set(digest, tagged);
      }
    }
  }
  return needers;
}

function reasonFromOthers(
  { digest, kind }: Tagged,
  needed: Set<string>,
  known: Set<string>,
  needers: Map<string, Tagged>,
): Reason | undefined {
  if (needed.has(digest)) {
    const by = needers.get(digest);
    const words = by?.digest === digest ? `${by.tag}, which is kept, is the same image` : `${by?.tag} needs it`;
    return { rule: "needed", words: by ? words : "a cluster needs it" };
  }
  if (kind.kind !== "attestation") {
    return undefined;
  }
  if (needed.has(kind.subject)) {
    return { rule: "needed", words: `it vouches for ${shortDigest(kind.subject)}, which is kept` };
  }
  return known.has(kind.subject)
    ? undefined
    : { rule: "unknown", words: `it refers to ${shortDigest(kind.subject)}, which is not in this repository` };
}

/** What a manifest is about, by what it says itself and by its tags. */
export function subjectsOf({ digest, tags }: Removal, held: Held): string[] {
  return [held.manifests.get(digest)?.subject, ...tags.map(subjectOf)].filter((subject) => subject !== undefined);
}

/** The manifests of tags that go, and those that only they need; and what was left of such. */
function removalsOf(going: Tagged[], leftovers: Removal[], needed: Set<string>, held: Held): Removal[] {
  const parts = withParts(
    held,
    going.map(({ digest }) => digest),
  );
  const all = new Set([...parts, ...leftovers.map(({ digest }) => digest)]);
  const attestations = new Set([
    ...going.filter(({ kind }) => kind.kind === "attestation").map(({ digest }) => digest),
    ...leftovers.filter((removal) => subjectsOf(removal, held).length > 0).map(({ digest }) => digest),
  ]);
  // An index comes before all that it consists of, as it has fewer above it.
  const withIndexes = indexesIn(held);
  const above = (digest: string) => withIndexes([digest]).size;
  const tagsOf = new Map<string, string[]>();
  for (const { tag, digest } of going) {
    tagsOf.set(digest, [...(tagsOf.get(digest) ?? []), tag]);
  }
  return [...all]
    .filter((digest) => !needed.has(digest) && held.manifests.has(digest))
    .map((digest) => ({
      digest,
      tags: tagsOf.get(digest) ?? [],
      rank: [attestations.has(digest) ? 0 : 1, above(digest)] as const,
    }))
    .sort(
      (one, other) =>
        one.rank[0] - other.rank[0] || one.rank[1] - other.rank[1] || (one.digest < other.digest ? -1 : 1),
    )
    .map(({ digest, tags }) => ({ digest, tags: tags.sort() }));
}

function whyItGoes({ kind, provenance }: Tagged, { keepLast }: Rules): string {
  switch (kind.kind) {
    case "attestation":
      return `it refers to ${shortDigest(kind.subject)}, which can be deleted`;
    case "scratch":
      return `the stack ${kind.stack} does not exist`;
    case "debug":
      return provenance?.commitIs === "lost"
        ? "a debug image of a commit that no longer exists"
        : "an old debug image; no branch or tag has its files";
    default:
      return keepLast > 0 ? `older than ${theLast(keepLast)}, and nothing needs it` : "nothing needs it";
  }
}

/** As much of a digest as is shown to people. */
export function shortDigest(digest: string): string {
  return digest.slice(0, "sha256:".length + 12);
}
