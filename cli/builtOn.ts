import type { ImageSource } from "../components/git";
import { locateImage, openHistory } from "../components/git/lookup";
import { shownPath } from "../components/version";

/**
 * An image that is built on others, by their names, and covers what they cover. Throws ContextNotFound, OutsideRepository and the like for
 * directories of theirs that can't be.
 */
export async function builtOn(source: ImageSource, bases: Record<string, ImageSource>): Promise<ImageSource> {
  if (Object.keys(bases).length === 0) {
    return source;
  }
  const history = await openHistory(source.context, source.revision);
  const covers = Object.entries(bases).map(async ([name, base]) => {
    const { paths } = await locateImage(history, base);
    return [name, paths.map(shownPath)] as const;
  });
  return { ...source, bases: Object.fromEntries(await Promise.all(covers)) };
}
