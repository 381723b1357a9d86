import * as path from "node:path";
import { invalidArgument } from "../../components/errors";

/**
 * The directories of the images that each directory's image is built on, by their names. One that is no base itself is built on all of them, a
 * base on those whose directories its own name has been given, too. Throws InvalidArgument for what is no base's directory, and for bases that
 * are built on each other.
 */
export function basesOf(given: Record<string, string[]> = {}): (context: string) => Record<string, string> {
  const bases = Object.entries(given).map(([name, [directory = "", ...below]]) => ({ name, directory, below }));
  for (const { name, below } of bases) {
    const stray = below.find((place) => !bases.some(({ directory }) => isSame(directory, place)));
    if (stray !== undefined) {
      throw invalidArgument(
        `--base ${name} also has ${stray}, which is not the directory of a base. Besides its own directory, ` +
          "publish accepts only those of the bases below it. Publish such an image with --bake or a stack.",
      );
    }
  }
  const directoriesFor = (context: string) => {
    const own = bases.filter(({ directory }) => isSame(directory, context));
    const below = own.flatMap((base) => base.below);
    const wanted =
      own.length === 0 ? bases : bases.filter(({ directory }) => below.some((place) => isSame(place, directory)));
    return Object.fromEntries(wanted.map(({ name, directory }) => [name, directory]));
  };
  for (const { directory } of bases) {
    refuseCircle(directory, directoriesFor);
  }
  return directoriesFor;
}

/** `above` are those that are built on the directory's. */
function refuseCircle(
  directory: string,
  basesFor: (context: string) => Record<string, string>,
  above: string[] = [],
): void {
  if (above.some((other) => isSame(other, directory))) {
    throw invalidArgument(
      `--base says that ${[...above, directory].join(" is built on ")}, but an image can't be built on itself. ` +
        "Remove one of these.",
    );
  }
  for (const base of Object.values(basesFor(directory))) {
    refuseCircle(base, basesFor, [...above, directory]);
  }
}

function isSame(one: string, other: string): boolean {
  return path.resolve(one) === path.resolve(other);
}
