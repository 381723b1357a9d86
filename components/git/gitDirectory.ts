import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { ifThere } from "./files";
import { git } from "./git";
import { settingsFile, settingsIn } from "./settings";

/**
 * The git folder from which files of a commit are written. It is the repository's own, unless that has attributes in
 * `info/attributes`: those are this clone's alone, stand above the committed ones, and no setting turns them off. Then it is a
 * folder in `scratch` with all that the real one has but for them. Filters look for their own there (keys of git-crypt, files
 * of Git LFS), so everything else leads to where it is.
 */
export async function gitDirectoryFor(workTree: string, commit: string, scratch: string): Promise<string> {
  const own = (await git(["rev-parse", "--absolute-git-dir"], { cwd: workTree })).replace(/\n$/, "");
  // Of a work tree that git worktree has made, most is elsewhere.
  const shared = await ifThere(readFile(path.join(own, "commondir"), "utf8"));
  const common = shared === undefined ? own : path.resolve(own, shared.replace(/\n$/, ""));
  if (!(await ifThere(stat(path.join(common, "info/attributes"))))) {
    return own;
  }
  const made = path.join(scratch, "git");
  await mkdir(path.join(made, "info"), { recursive: true });
  const links = new Map<string, string>();
  for (const directory of new Set([common, own])) {
    for (const name of (await readdir(directory)).filter((entry) => !NOT_LINKED.has(entry))) {
      links.set(name, path.join(directory, name));
    }
  }
  for (const [name, target] of links) {
    await symlink(target, path.join(made, name));
  }
  await writeFile(path.join(made, "HEAD"), `${commit}\n`);
  // Written out, since conditional includes ask for the folder's path. It may hold credentials.
  const settings = settingsIn(await git(["config", "-z", "--list"], { cwd: workTree }));
  const wanted = settings.filter(([name]) => !/^(include|includeif)\.|^extensions\.worktreeconfig$/.test(name));
  await writeFile(path.join(made, "config"), settingsFile(wanted), { mode: 0o600 });
  return made;
}

/** What is written anew, is of no use, or says where else to look. */
const NOT_LINKED = new Set([
  "HEAD",
  "commondir",
  "config",
  "config.worktree",
  "gitdir",
  "index",
  "info",
  "locked",
  "worktrees",
]);
