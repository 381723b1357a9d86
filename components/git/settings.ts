import { GitError } from "./gitError";

/** A setting's name, as git prints it (in lower case but for what stands between the outer dots), and its value; none is true. */
export type Setting = [name: string, value: string | undefined];

/** The settings that `git config -z` prints. */
export function settingsIn(printed: string): Setting[] {
  return printed
    .split("\0")
    .slice(0, -1)
    .map((entry) => {
      const end = entry.indexOf("\n");
      return end < 0 ? [entry, undefined] : [entry.slice(0, end), entry.slice(end + 1)];
    });
}

/** The settings whose names match an expression, in git's order: of several of one name the last holds. */
export async function settingsLike(pattern: string, run: (args: string[]) => Promise<string>): Promise<Setting[]> {
  try {
    return settingsIn(await run(["config", "-z", "--get-regexp", pattern]));
  } catch (error) {
    // So git says that there is none.
    if (error instanceof GitError && error.exitCode === 1 && error.words === "") {
      return [];
    }
    throw error;
  }
}

/** Settings as a file of git's configuration holds them. */
export function settingsFile(settings: readonly Setting[]): string {
  return settings
    .map(([name, value]) => {
      const first = name.indexOf(".");
      const last = name.lastIndexOf(".");
      const subsection = first < last ? ` "${name.slice(first + 1, last).replace(/["\\]/g, "\\$&")}"` : "";
      const escaped = value?.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\t", "\\t");
      const assigned = escaped === undefined ? "" : ` = "${escaped}"`;
      return `[${name.slice(0, first)}${subsection}]\n\t${name.slice(last + 1)}${assigned}\n`;
    })
    .join("");
}
