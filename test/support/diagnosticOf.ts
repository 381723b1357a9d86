import * as assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import type { ErrorCode } from "../../components/errors";
import { thrownBy } from "./assertError";

/**
 * Waits for an error of ours with this code that is shown as a diagnostic of a resource, without a stack, and returns its message. Not beside `errorOf`:
 * Pulumi's SDK makes a process twice as large, and each start of git copies its page tables.
 */
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
