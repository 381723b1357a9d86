import { type ErrorCode, VersionedImageError } from "../../components/errors";
import type { History } from "../../components/git/lookup";
import type { ImageConfig, RegistryClient } from "../../components/registry";
import {
  type Commit,
  digitsOfTag,
  dirtyIn,
  isDebugTag,
  isScratchTag,
  type LabelledSource,
  labelIn,
  labelledSource,
  REVISION_LABEL,
  SOURCE_LABEL,
  TREE_LABEL,
  VERSION_LABEL,
} from "../../components/version";
import { builtAt, unlessUnfit } from "../imageSays";
import { inParallel } from "../inParallel";

/** An image of a repository. */
export interface ListedImage {
  /** Undefined if the registry's answer to its tag is none that can be read. */
  digest: string | undefined;
  /** Sorted. */
  tags: string[];
  /** Those of `tags` under which a stack pushed content; they name no version. */
  scratchTags: string[];
  /** When it was built; if it does not say, the time of its commit as its label has it. */
  time: Date | undefined;
  /** The commit that it says it was built from. */
  revision: string | undefined;
  tree: string | undefined;
  source: string | undefined;
  /** What it says that it was made of, if that can be read. */
  made: LabelledSource | undefined;
  debug: boolean;
  /** Of a debug image, whether its directory had uncommitted changes; undefined if it does not say. */
  dirty: boolean | undefined;
  /** Why nothing is known of it, if so. */
  problem: { code: ErrorCode; message: string } | undefined;
}

/** What a repository holds. */
interface Listing {
  /** Newest first; those without a time last. */
  images: ListedImage[];
  /** Tags that the registry lists but has nothing under: what they named was deleted. */
  dangling: string[];
  /** Names that the registry lists, but that can be no tags. */
  notTags: string[];
}

/** Asks the registry for all images of a repository. Throws what the client throws. */
export async function listImages(client: RegistryClient, repository: string, platform: string): Promise<Listing> {
  const listed = await client.listTags(repository);
  const tags = [...new Set(listed.tags)].sort();
  const found = await inParallel(tags, (tag) => unlessUnfit(client.resolve(repository, tag)));
  const byDigest = new Map<string, string[]>();
  const unread: ListedImage[] = [];
  const dangling: string[] = [];
  tags.forEach((tag, index) => {
    const manifest = found[index];
    if (manifest === undefined) {
      dangling.push(tag);
    } else if (manifest instanceof VersionedImageError) {
      unread.push(describe(undefined, [tag], manifest));
    } else {
      byDigest.set(manifest.digest, [...(byDigest.get(manifest.digest) ?? []), tag]);
    }
  });
  const images = await inParallel([...byDigest], async ([digest, named]) =>
    describe(digest, named, await unlessUnfit(client.inspect(repository, digest, platform))),
  );
  return { images: [...images, ...unread].sort(newestFirst), dangling, notTags: listed.notTags };
}

function describe(digest: string | undefined, tags: string[], found: ImageConfig | VersionedImageError): ListedImage {
  const isUnfit = found instanceof VersionedImageError;
  const labels = isUnfit ? {} : found.labels;
  const dirty = dirtyIn(labels);
  return {
    digest,
    tags,
    scratchTags: tags.filter(isScratchTag),
    time: isUnfit ? undefined : builtAt(found),
    revision: labelIn(labels, REVISION_LABEL),
    tree: labelIn(labels, TREE_LABEL),
    source: labelIn(labels, SOURCE_LABEL),
    made: labelledSource(labels),
    debug:
      dirty !== undefined ||
      tags.some((tag) => isDebugTag(tag) && digitsOfTag(tag, labelIn(labels, VERSION_LABEL)) !== undefined),
    dirty,
    problem: isUnfit ? { code: found.code, message: found.message } : undefined,
  };
}

function newestFirst(a: ListedImage, b: ListedImage): number {
  const [newer, older] = [b.time?.getTime() ?? 0, a.time?.getTime() ?? 0];
  return newer - older || ((a.tags[0] ?? "") < (b.tags[0] ?? "") ? -1 : 1);
}

/** What `tags` shows. */
export interface TagsReport extends Listing {
  repository: string;
  /** The git repository that commits were looked up in; undefined if there is none here. */
  history: History | undefined;
  /** The commits that it has. */
  commits: Map<string, Commit>;
}
