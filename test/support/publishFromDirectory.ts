import * as assert from "node:assert/strict";
import { cli } from "../unit/cli/setup";

/** What `versioned-image publish` says of an image of a directory that it has published. */
export async function publishFromDirectory(directory: string, repository: string, ...more: string[]) {
  const argv = ["publish", directory, "--repository", repository, ...more, "--json"];
  const { status, out, err } = await cli(argv, { env: process.env });
  assert.equal(status, 0, err);
  return JSON.parse(out).images[0] as { tag: string; digest: string; reference: string; outcome: string };
}
