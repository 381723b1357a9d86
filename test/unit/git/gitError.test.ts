import * as assert from "node:assert/strict";
import { GitError } from "../../../components/git/gitError";

describe("git's words, of a disk that takes no more", () => {
  // As git 2.39 says them.
  for (const words of [
    "fatal: sha1 file '/p/.versioned-image/tmp.1-a.x/index.lock' write error. Out of diskspace",
    "fatal: Unable to create '/p/.versioned-image/tmp.1-a.x/index.lock': No space left on device",
    "fatal: unable to write new index file",
    "error: unable to create file app/main: Read-only file system",
  ]) {
    it(`are StagingFailed: ${words}`, () => {
      const error = new GitError(["read-tree"], 128, words, "/p");
      assert.equal(error.code, "StagingFailed");
      assert.ok(error.message.includes(words), error.message);
    });
  }

  it("are GitFailed of anything else", () => {
    const error = new GitError(["read-tree"], 128, "fatal: failed to unpack tree object", "/p");
    assert.equal(error.code, "GitFailed");
  });
});
