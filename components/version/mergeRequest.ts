/**
 * The pull or merge request whose merge commit a CI system has made for this run alone and checked out, in words; undefined if the
 * commit is another one, or the run is of none. Such a commit is on no branch, and a version named after it reaches none.
 */
export function mergeRequestOf(commit: string, env: NodeJS.ProcessEnv): string | undefined {
  const [, github] = /^refs\/pull\/(\d+)\/merge$/.exec(env.GITHUB_REF ?? "") ?? [];
  if (github !== undefined && env.GITHUB_SHA === commit) {
    return `pull request ${github}`;
  }
  const [, azure] = /^refs\/pull\/(\d+)\/merge$/.exec(env.BUILD_SOURCEBRANCH ?? "") ?? [];
  if (azure !== undefined && env.BUILD_SOURCEVERSION === commit) {
    return `pull request ${azure}`;
  }
  const isMerged = /^(merged_result|merge_train)$/.test(env.CI_MERGE_REQUEST_EVENT_TYPE ?? "");
  return isMerged && env.CI_COMMIT_SHA === commit ? `merge request ${env.CI_MERGE_REQUEST_IID}` : undefined;
}

/** What is to be said of a version that is named after such a commit: what a run shows of it is what the merge would publish, under another tag. */
export function mergeRequestNotice(commit: string, env: NodeJS.ProcessEnv): string | undefined {
  const request = mergeRequestOf(commit, env);
  return (
    request &&
    `commit ${commit.slice(0, 7)} is the merge commit that CI made of ${request} for this run. It is on no branch, so ` +
      "the tag will be different after the merge. To see the branch's own tag, check out its head (actions/checkout: " +
      `\`ref: \${{ github.event.pull_request.head.sha }}\`).`
  );
}
