/** Whether a path is another one or lies below it; "" is the root. */
export function isWithin(file: string, directory: string): boolean {
  return directory === "" || file === directory || file.startsWith(`${directory}/`);
}

/** Sorted, each once, and without those that another one contains. */
export function outermost(paths: string[]): string[] {
  const all = new Set(paths);
  return [...all].sort().filter((entry) => !above(entry).some((directory) => all.has(directory)));
}

/** The directories that a path lies in, the root among them. */
function above(entry: string): string[] {
  if (entry === "") {
    return [];
  }
  const parts = entry.split("/");
  return parts.map((_, index) => parts.slice(0, index).join("/"));
}
