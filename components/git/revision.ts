import { VersionedImageError } from "../errors";
import { explain } from "./explain";
import { git } from "./git";
import { findCommit } from "./refs";
import type { Repository } from "./repository";

/**
 * The repository as a commit, tag or branch has it. Throws RevisionNotFound if this clone has no such commit, and what git throws.
 */
export async function atRevision(repository: Repository, revision: string): Promise<Repository> {
  const commit = await findCommit(repository, revision);
  if (commit === undefined) {
    throw new VersionedImageError(
      "RevisionNotFound",
      `revision is ${JSON.stringify(revision)}, for which this clone has no commit (looked for in ${repository.root}). Check the name; ` +
        "if it is right, fetch it: `git fetch --tags origin`, in a shallow clone with --unshallow.",
    );
  }
  try {
    const tree = await git(["rev-parse", `${commit}^{tree}`], { cwd: repository.root });
    return { ...repository, head: commit, headTree: tree.trim() };
  } catch (error) {
    throw explain(error, repository.root);
  }
}
