import { fieldsOf } from "../../components/registry";
import { readImageName } from "./imageName";

/** A repository whose images are looked for. */
export interface Sought {
  /** Its name, without the host: images are pulled by the names of mirrors and proxies as well. */
  name: string;
  /** Its name as texts have it. */
  pattern: RegExp;
  tags: ReadonlySet<string>;
  /** The digests of its manifests and of its images' configurations. */
  digests: ReadonlySet<string>;
}

export function soughtOf(name: string, tags: Iterable<string>, digests: Iterable<string>): Sought {
  return { name, pattern: nameIn(name), tags: new Set(tags), digests: new Set(digests) };
}

/** What an object says of images. */
export interface Mentions {
  /** All that are written as digests, with the repository's name where that stands before it. */
  digests: Map<string, string | undefined>;
  /** Of each repository that it names in whatever way, its tags that are words of the object. None if it names it alone. */
  tags: Map<Sought, Set<string>>;
}

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * All that an object says of repositories. It may have any form: a name, a tag or a digest may be fields of their own, or anywhere in a
 * longer text. What was once (last-applied, managedFields) and what is said by others (status) does not count.
 */
export function mentionsIn(object: Record<string, unknown>, sought: Sought[]): Mentions {
  const texts = textsOf(withoutPast(object)).flatMap(readings);
  const named = sought.filter(({ pattern }) => texts.some((text) => pattern.test(text)));
  const tags = new Map(named.map((repository) => [repository, new Set<string>()]));
  for (const text of named.length > 0 ? texts : []) {
    for (const word of wordsOf(text)) {
      for (const [repository, found] of tags) {
        if (repository.tags.has(word)) {
          found.add(own(word));
        }
      }
    }
  }
  return { digests: digestsIn(texts, sought), tags };
}

/** How often characters may be written in the way of others: an address in an address, which is in JSON. */
const LAYERS = 3;

/** A text, and what it is where characters of it are written in the way of JSON in JSON, or of addresses. */
function readings(text: string): string[] {
  const found = [text];
  for (let plain = text; found.length <= LAYERS; found.push(plain)) {
    const before = plain;
    plain = before
      .replace(/\\[nrt]/g, " ")
      .replace(/(?:%|\\x|\\u00)([0-9a-f]{2})/gi, (_, code) => String.fromCharCode(Number(`0x${code}`)));
    if (plain === before) {
      break;
    }
  }
  return found;
}

/** All digests in texts: by their form, or by their digits alone where a repository has them. */
export function digestsIn(texts: string[], sought: Sought[]): Map<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  for (const text of texts) {
    for (const { 0: all, 1: kind, 2: digits = "", index } of text.matchAll(
      /(?:(sha256|sha512):)?\b([0-9a-f]{64,})\b/g,
    )) {
      const digest = kind === undefined ? `${digits.length === 64 ? "sha256" : "sha512"}:${digits}` : all;
      if (kind !== undefined || sought.some(({ digests }) => digests.has(digest))) {
        found.set(own(digest), nameBefore(text, index) ?? found.get(digest));
      }
    }
  }
  return found;
}

/** The name of a repository that stands before a digest. */
function nameBefore(text: string, index: number): string | undefined {
  const [, written] = /([\w.:/[\]-]+)@$/.exec(text.slice(Math.max(0, index - LONGEST), index)) ?? [];
  return written === undefined ? undefined : readImageName(own(written).replace(/^[a-z-]+:\/\//, ""))?.name;
}

/** A copy: what is cut out of a text keeps all of that in memory, and the text of an object may be long. */
function own(part: string): string {
  return Buffer.from(part).toString();
}

/** As long as a host, a name and a tag together. */
const LONGEST = 640;

function withoutPast({ status: _, metadata, ...object }: Record<string, unknown>): Record<string, unknown> {
  const { managedFields: _managed, annotations, ...kept } = fieldsOf(metadata);
  const { [LAST_APPLIED]: _applied, ...others } = fieldsOf(annotations);
  return { ...object, metadata: fieldsOf(metadata) === metadata ? { ...kept, annotations: others } : metadata };
}

/** Objects of which the keys are no words for images: of labels, "app" is one of the most common. */
const LABELS = /^(?:labels|matchLabels|selector)$/;

/** Where a ConfigMap has files as base64. */
const BINARY = "binaryData";

/**
 * All texts in a value, however deep; numbers as well, which YAML makes of a tag of digits, and keys, as which a map may have its images.
 * Of what is base64, the text that it stands for as well.
 */
export function textsOf(value: unknown): string[] {
  const texts: string[] = [];
  const waiting = [{ next: value, keysCount: true, isBinary: false }];
  for (let each = waiting.pop(); each !== undefined; each = waiting.pop()) {
    const { next, keysCount, isBinary } = each;
    if (typeof next === "string" || typeof next === "number") {
      texts.push(String(next));
      if (isBinary) {
        texts.push(Buffer.from(String(next), "base64").toString("latin1"));
      }
    } else if (typeof next === "object" && next !== null) {
      for (const [key, inner] of Object.entries(next)) {
        waiting.push({ next: inner, keysCount: !LABELS.test(key), isBinary: isBinary || key === BINARY });
        if (keysCount && !Array.isArray(next)) {
          texts.push(key);
        }
      }
    }
  }
  return texts;
}

/**
 * A repository's name in a text: its last part, whatever a mirror has put before it, or all parts in one, as mirrors that have no
 * folders write them. What goes on with further characters of a name is another's, unless it is a registry's own address of what the
 * repository holds.
 */
function nameIn(name: string): RegExp {
  const parts = name.split("/").map((part) => part.replace(/[.]/g, "\\$&"));
  const last = `(?<![\\w.-])${parts.at(-1)}`;
  const flat = parts.length > 1 ? `|(?<![a-z0-9])${parts.join("(?:[/.-]|__?)")}` : "";
  return new RegExp(`(?:${last}${flat})(?:(?=/(?:manifests|blobs|tags|referrers)/)|(?!/?\\w|[.-]+\\w))`);
}

/** Whatever in a text could be a tag: also without the full stops or hyphens at its end. */
function* wordsOf(text: string): Generator<string> {
  for (const [long] of text.matchAll(/\w[\w.-]*/g)) {
    const word = long.slice(0, LONGEST);
    yield word;
    yield word.replace(/[.-]+$/, "");
  }
}
