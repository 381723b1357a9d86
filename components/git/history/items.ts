/** Which items have a path, by path; a character a byte, as git's output is read. */
export type ItemIndex = ReadonlyMap<string, readonly number[]>;

export function indexItems(items: readonly (readonly string[])[]): ItemIndex {
  const index = new Map<string, number[]>();
  items.forEach((paths, item) => {
    for (const path of new Set(paths)) {
      const key = Buffer.from(path).toString("latin1");
      const known = index.get(key);
      if (known) {
        known.push(item);
      } else {
        index.set(key, [item]);
      }
    }
  });
  return index;
}

/** Adds the items that a changed file belongs to: those with its path, or with a directory above it. */
export function addItemsOf(file: string, index: ItemIndex, into: Set<number>): void {
  addAll(index.get(""), into);
  for (let slash = file.indexOf("/"); slash >= 0; slash = file.indexOf("/", slash + 1)) {
    addAll(index.get(file.slice(0, slash)), into);
  }
  addAll(index.get(file), into);
}

function addAll(items: readonly number[] | undefined, into: Set<number>): void {
  for (const item of items ?? []) {
    into.add(item);
  }
}

/** Each pathspec is tried at each entry: git is quick with a few and slow with hundreds. */
const FEW = 4;

/** At most four directories above all paths, as deep as may be; none if only the root is above them. */
export function cover(paths: readonly string[]): string[] {
  const split = paths.map((path) => path.split("/"));
  const deepest = paths.includes("") ? 0 : split.reduce((most, names) => Math.max(most, names.length), 0);
  for (let depth = deepest; depth > 0; depth--) {
    const directories = new Set(split.map((names) => names.slice(0, depth).join("/")));
    if (directories.size <= FEW) {
      return [...directories];
    }
  }
  return [];
}

/** All members of both; the larger of the two is added to. */
export function union<T>(one: Set<T>, other: Set<T>): Set<T> {
  const [larger, smaller] = one.size < other.size ? [other, one] : [one, other];
  for (const member of smaller) {
    larger.add(member);
  }
  return larger;
}

/** Takes the listed members out of a set: what is left, and what was taken; undefined where that is nothing. */
export function split<T>(members: Set<T>, listed: readonly T[]): [left: Set<T> | undefined, taken: Set<T> | undefined] {
  const taken = listed.filter((member) => members.has(member));
  if (taken.length === 0) {
    return [members, undefined];
  }
  if (taken.length === members.size) {
    return [undefined, members];
  }
  for (const member of taken) {
    members.delete(member);
  }
  return [members, new Set(taken)];
}
