import * as assert from "node:assert/strict";
import { mergeRequestOf } from "../../../components/version/mergeRequest";

const COMMIT = "88d38d9".padEnd(40, "0");

describe("the merge commit of a pull request", () => {
  for (const [request, env] of [
    ["pull request 7", { GITHUB_REF: "refs/pull/7/merge", GITHUB_SHA: COMMIT }],
    ["pull request 7", { BUILD_SOURCEBRANCH: "refs/pull/7/merge", BUILD_SOURCEVERSION: COMMIT }],
    [
      "merge request 7",
      { CI_MERGE_REQUEST_EVENT_TYPE: "merged_result", CI_MERGE_REQUEST_IID: "7", CI_COMMIT_SHA: COMMIT },
    ],
    [
      "merge request 7",
      { CI_MERGE_REQUEST_EVENT_TYPE: "merge_train", CI_MERGE_REQUEST_IID: "7", CI_COMMIT_SHA: COMMIT },
    ],
    [undefined, {}],
    [undefined, { GITHUB_REF: "refs/heads/main", GITHUB_SHA: COMMIT }],
    [undefined, { GITHUB_REF: "refs/pull/7/head", GITHUB_SHA: COMMIT }],
    [undefined, { GITHUB_REF: "refs/pull/7/merge", GITHUB_SHA: "0".repeat(40) }],
    [undefined, { CI_MERGE_REQUEST_EVENT_TYPE: "detached", CI_COMMIT_SHA: COMMIT }],
  ] as const) {
    it(`${request ?? "none"} with ${JSON.stringify(env)}`, () => assert.equal(mergeRequestOf(COMMIT, env), request));
  }
});
