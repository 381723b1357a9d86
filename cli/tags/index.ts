import { VersionedImageError } from "../../components/errors";
import { type History, lookUpCommits, openHistory } from "../../components/git/lookup";
import { createRegistryClient, parseRepository } from "../../components/registry";
import type { Commit } from "../../components/version";
import { attempt } from "../attempt";
import { commitJson, type Io, printResult, type Status } from "../output";
import { type ListedImage, listImages, type TagsReport } from "./listing";
import { tagsText } from "./text";

export interface TagsFlags {
  context?: string;
  platform: string;
  json?: boolean;
}

/** Lists the images of a repository, with their commits. */
export async function tags(repository: string, flags: TagsFlags, io: Io): Promise<Status> {
  parseRepository(repository);
  const history = await findHistory(flags.context);
  const listing = await listImages(createRegistryClient({ env: io.env }), repository, flags.platform);
  const revisions = listing.images.flatMap(({ revision }) => revision ?? []);
  const commits = history ? await lookUpCommits(history, revisions) : new Map<string, Commit>();
  const report = { ...listing, repository, history, commits };
  printResult(io, flags.json, report, tagsJson, (shown) => tagsText(shown, io));
  return 0;
}

/** A list can be had without git, too, unless a directory is named. */
async function findHistory(context: string | undefined): Promise<History | undefined> {
  const history = await attempt(() => openHistory(context ?? "."));
  if (!(history instanceof VersionedImageError)) {
    return history;
  }
  if (context !== undefined || history.code !== "NotARepository") {
    throw history;
  }
  return undefined;
}

function tagsJson({ repository, history, commits, images, dangling, notTags }: TagsReport) {
  return {
    repository,
    git: history ? { root: history.root, shallow: history.shallow.size > 0 } : null,
    images: images.map((image) => imageJson(image, history, commits)),
    dangling,
    notTags,
  };
}

function imageJson(image: ListedImage, history: History | undefined, commits: Map<string, Commit>) {
  const { digest, tags, scratchTags, time, revision, tree, source, made, debug, dirty, problem } = image;
  const commit = revision === undefined ? undefined : commits.get(revision);
  return {
    digest: digest ?? null,
    tags,
    scratchTags,
    time: time?.toISOString() ?? null,
    revision: revision ?? null,
    commit: commit ? commitJson(commit) : null,
    // Null where there was nothing to look up, or nowhere to look.
    inRepository: revision === undefined || !history ? null : commit !== undefined,
    tree: tree ?? null,
    source: source ?? null,
    madeOf: made ?? null,
    debug,
    dirty: dirty ?? null,
    problem: problem ?? null,
  };
}
