import * as assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { type ErrorCode, VersionedImageError } from "../../components/errors";

/** Waits for an error of ours with this code, and returns its message. */
export async function errorOf(code: ErrorCode, work: () => unknown): Promise<string> {
  const error = await thrownBy(code, work);
  assert.ok(error instanceof VersionedImageError, `not an error of ours: ${(error as Error).stack}`);
  assert.equal(error.code, code, error.message);
  return error.message;
}

/** The same for one that is shown as a diagnostic of a resource, without a stack, which names that resource instead. */
export async function diagnosticOf(code: ErrorCode, work: () => unknown): Promise<string> {
  const error = await thrownBy(code, work);
  assert.ok(error instanceof pulumi.ResourceError, `not a diagnostic: ${(error as Error).stack}`);
  assert.equal(error.hideStack, true);
  const { __name: name } = error.resource as unknown as { __name: string };
  assert.equal(error.stack, `${name}: ${error.message}`);
  const suffix = ` [${code}]`;
  assert.ok(error.message.endsWith(suffix), error.message);
  return error.message.slice(0, -suffix.length);
}

async function thrownBy(code: ErrorCode, work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  return assert.fail(`expected ${code}, but nothing was thrown`);
}
