import * as path from "node:path";
import { parseRepository } from "../components/registry";

/** What stands for an image's own name in a repository that is given for several. */
export const NAME = "{name}";

/** The repository of an image of that name. Throws InvalidArgument. */
export function namedRepository(pattern: string, name: string): string {
  return parseRepository(pattern.replaceAll(NAME, () => name)).repository;
}

/** The name of a directory's image: the directory's own, wherever the call is made. */
export function nameOf(context: string): string {
  return path.basename(path.resolve(context));
}
