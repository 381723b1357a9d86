/** Whether a path is another one or lies below it; "" is the root. */
export function isWithin(file: string, directory: string): boolean {
  return directory === "" || file === directory || file.startsWith(`${directory}/`);
}

/** A path from the root as people and labels have it: the root is ".". */
export function shownPath(path: string): string {
  return path || ".";
}

/** The same of several, for messages. */
export function shownPaths(paths: Iterable<string>): string {
  return [...paths].map(shownPath).join(", ");
}

/** Reads such a path, as git has it; undefined if it is none, for instance one that leads out of the repository or is not the shortest. */
export function pathFromRoot(value: unknown): string | undefined {
  if (value === ".") {
    return "";
  }
  const isPath =
    typeof value === "string" &&
    !value.includes("\0") &&
    value.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  return isPath ? value : undefined;
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
