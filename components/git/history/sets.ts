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
