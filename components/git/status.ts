import type { Change } from "../version";
import { git } from "./git";

/** What git sees below some paths that is not committed. */
export interface Status {
  changes: Change[];
  ignored: string[];
}

/** The changes and the ignored files below the paths, whatever the user's settings hide. */
export async function readStatus(root: string, paths: string[]): Promise<Status> {
  const printed = await git(
    [
      "status",
      "--porcelain=v1",
      "-z",
      // So that something is printed even where all is clean.
      "--branch",
      "--no-ahead-behind",
      "--no-renames",
      "--untracked-files=all",
      "--ignored=matching",
      "--ignore-submodules=none",
      "--",
      ...(paths.includes("") ? [] : paths),
    ],
    { cwd: root },
  );
  const entries = printed
    .split("\0")
    .filter((entry) => entry !== "" && !entry.startsWith("## "))
    .map((entry) => ({ status: entry.slice(0, 2), path: entry.slice(3).replace(/\/$/, "") }));
  return {
    changes: entries.filter(({ status }) => status !== "!!"),
    ignored: entries.filter(({ status }) => status === "!!").map(({ path }) => path),
  };
}
