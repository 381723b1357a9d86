/** What the ignore file of a Dockerfile ends in. */
const SUFFIX = ".dockerignore";

/** The ignore file that Docker looks for beside a Dockerfile, and prefers to that of the context. */
export function ignoreFileOf(dockerfile: string): string {
  return dockerfile + SUFFIX;
}

/** Whether a path has the name of such a file. */
export function isIgnoreFile(path: string): boolean {
  return path.endsWith(SUFFIX);
}

/**
 * Whether a commit may lack one of these paths: a Dockerfile need not have an ignore file. It is covered all the same, so that to add it or to
 * remove it makes another version.
 */
export function mayLack(path: string, paths: readonly string[]): boolean {
  return isIgnoreFile(path) && paths.includes(path.slice(0, -SUFFIX.length));
}
