/** Whether a path is another one or lies below it; "" is the root. */
export function isWithin(file: string, directory: string): boolean {
  return directory === "" || file === directory || file.startsWith(`${directory}/`);
}

/** Sorted, each once, and without those that another one contains. */
export function outermost(paths: string[]): string[] {
  const sorted = [...new Set(paths)].sort();
  return sorted.filter((entry) => !sorted.some((other) => other !== entry && isWithin(entry, other)));
}
