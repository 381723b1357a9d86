import * as assert from "node:assert/strict";
import { type ErrorCode, VersionedImageError } from "../../components/errors";

/** Waits for an error of ours with this code, and returns its message. */
export async function errorOf(code: ErrorCode, work: () => unknown): Promise<string> {
  const error = await thrownBy(code, work);
  assert.ok(error instanceof VersionedImageError, `not an error of ours: ${(error as Error).stack}`);
  assert.equal(error.code, code, error.message);
  return error.message;
}

/** What it throws; to throw nothing is a failure. */
export async function thrownBy(code: ErrorCode, work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  return assert.fail(`expected ${code}, but nothing was thrown`);
}
