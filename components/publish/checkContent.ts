import { checkPublished, TagPolicy } from "../version";
import type { Subject, Target } from "./subject";

/**
 * Whether what a digest names may be used as a version. Returns a warning where it may but can't be traced. Throws TagTaken
 * if it was made of something else, BuildInputsChanged if it was built in another way.
 */
export async function checkContent(
  { args, version, build, fingerprint }: Subject,
  { registry, repository, spec }: Target,
  digest: string,
): Promise<string | undefined> {
  const { labels, platform } = await registry.inspect(repository, digest, build.platform);
  return checkPublished(
    { digest, labels, platform },
    { version, tagPolicy: args.tagPolicy ?? TagPolicy.Commit, spec, platform: build.platform, fingerprint },
  );
}
