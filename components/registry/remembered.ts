/** One promise for all who ask at the same time; a failed one is not kept. */
export function remembered<T>(map: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const kept = map.get(key);
  if (kept) {
    return kept;
  }
  const made = make();
  map.set(key, made);
  made.catch(() => {
    if (map.get(key) === made) {
      map.delete(key);
    }
  });
  return made;
}
