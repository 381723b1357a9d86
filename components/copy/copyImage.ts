import { VersionedImageError } from "../errors";
import { type Clock, registryPort, type Say, tagOnce } from "../protocol";
import { digestOf, type ManifestContent, type Referrer } from "../registry";
import {
  type Attached,
  holdsAll,
  type Referring,
  readAttached,
  readList,
  referrersOf,
  referrersTag,
  type Tagged,
} from "./attached";
import { pushRefused } from "./errors";
import { type Place, readContent } from "./graph";
import { type TransferOptions, type Transferred, transfer } from "./transfer";

/** An image that is to be copied. */
export interface ToCopy {
  from: Place;
  to: Place;
  /** Of the source's image: an index with all its platforms, or an image. */
  digest: string;
  /** Of the version. */
  tag: string;
}

export interface Copying extends TransferOptions {
  say: Say;
}

export interface ImageCopying extends Copying {
  clock: Clock;
  dryRun: boolean;
}

/** What became of it. */
export interface CopiedImage extends Transferred {
  /** "unchanged": the version's tag serves it already. What refers to it may be new even so. */
  outcome: "copied" | "unchanged";
  /** How many bytes its blobs have. */
  size: number;
  /** How many manifests refer to it, and are copied with it. */
  attached: number;
}

/**
 * Has a repository have an image, digest for digest, and what refers to it, and sets the version's tag last, if it is absent. Where that serves
 * the image already, only what refers to it is looked at. A dry run reads all that is to be copied, and writes nothing.
 *
 * Throws NotCopyable, PushRefused, what `tagOnce` and the registry client throw, and TagTaken where the tag serves another digest.
 */
export async function copyImage(copying: ToCopy, { clock, dryRun, ...options }: ImageCopying): Promise<CopiedImage> {
  const { from, to, digest, tag } = copying;
  const spec = `${to.repository}:${tag}`;
  const refuse = (served: string) => {
    throw new VersionedImageError(
      "TagTaken",
      `${spec} is in the registry already as ${served}, but ${from.repository} has it as ${digest}: it was built twice. It is never ` +
        "overwritten. Use the existing image, or copy to a repository that contains only copies.",
    );
  };
  const served = await to.registry.resolve(to.repository, tag);
  if (served && served.digest !== digest) {
    refuse(served.digest);
  }
  const content = await readContent(from, digest);
  const attached = await readAttached(content, from);
  const said = {
    outcome: served ? ("unchanged" as const) : ("copied" as const),
    size: content.blobs.reduce((total, { size }) => total + size, 0),
    attached: attached.subjects.reduce((total, { referrers }) => total + referrers.length, attached.tagged.length),
  };
  if (dryRun) {
    return { ...said, there: 0, mounted: 0, sent: 0, bytes: 0 };
  }
  const image = served ? undefined : await transfer(content, from, to, options);
  const done = [...(image ? [image.done] : []), ...(await copyAttached(attached, from, to, options))];
  const sum = (of: keyof Transferred) => done.reduce((total, each) => total + each[of], 0);
  if (!served) {
    const { command } = options;
    const tagging = {
      spec,
      tag,
      repository: to.repository,
      command,
      again: command,
      prove: async (other: string) => refuse(other),
    };
    await tagOnce(tagging, content.root, { registry: registryPort(to), clock, say: options.say });
  }
  return { ...said, there: sum("there"), mounted: sum("mounted"), sent: sum("sent"), bytes: sum("bytes") };
}

async function copyAttached(
  { subjects, tagged }: Attached,
  from: Place,
  to: Place,
  options: Copying,
): Promise<Transferred[]> {
  const done: Transferred[] = [];
  for (const { digest: subject, referrers } of subjects.filter((each) => each.referrers.length > 0)) {
    const there = await referrersOf(to, subject);
    const unlisted: Referring[] = [];
    for (const referring of without(there, referrers)) {
      const moved = await transfer(referring.content, from, to, options);
      done.push(moved.done);
      if (!moved.listed.has(referring.entry.digest)) {
        unlisted.push(referring);
      }
    }
    if (unlisted.length > 0) {
      await listIn(to, subject, unlisted, options);
    }
  }
  for (const each of tagged) {
    if (await mayTag(to, each, options)) {
      done.push((await transfer(each.content, from, to, options)).done);
      await move(to, each.tag, each.content.root, each.content.root.digest, options);
    }
  }
  return done;
}

const INDEX = "application/vnd.oci.image.index.v1+json";

/**
 * Adds manifests to the list of what refers to another one, which registries without the API for it have under a tag: all at once, since
 * some let a tag be set only once.
 */
async function listIn(to: Place, subject: string, referrers: Referring[], options: Copying): Promise<void> {
  const { entries, index } = await readList(to, subject);
  const added = without(entries, referrers).map(({ entry }) => entry);
  const list = { schemaVersion: 2, mediaType: INDEX, ...index, manifests: [...entries, ...added] };
  const bytes = Buffer.from(JSON.stringify(list));
  await move(to, referrersTag(subject), { digest: digestOf(bytes), mediaType: INDEX, bytes }, subject, options);
}

function without(listed: Referrer[], referrers: Referring[]): Referring[] {
  const digests = new Set(listed.map(({ digest }) => digest));
  return referrers.filter(({ entry }) => !digests.has(entry.digest));
}

/** Whether a tag of cosign's is to be set. What a target's own signer has added there is not overwritten. */
async function mayTag(to: Place, { tag, content }: Tagged, { say }: Copying): Promise<boolean> {
  const there = await to.registry.manifest(to.repository, tag);
  if (there?.digest === content.root.digest) {
    return false;
  }
  if (there && !holdsAll(content.root, there, to.repository)) {
    say.warn(
      `${to.repository}:${tag} has signatures or attestations that the source lacks, so it stays unchanged, and those of the source are not ` +
        "added. If they are needed, sign the copy with cosign.",
    );
    return false;
  }
  return true;
}

async function move(to: Place, tag: string, content: ManifestContent, digest: string, { command }: Copying) {
  const answer = await to.registry.tag(to.repository, tag, content);
  if (answer !== "tagged") {
    throw pushRefused(to.repository, digest, `the tag ${tag}`, answer, command);
  }
}
