import * as assert from "node:assert/strict";
import { execFile } from "node:child_process";
import * as path from "node:path";
import { promisify } from "node:util";
import { TYPESCRIPT } from "../../../scripts/setup/paths";
import { COPIED, pushIndex } from "../../support/images";
import { twoRegistries } from "../../support/ownRegistry";

const PROGRAM = path.join(__dirname, "copyProgram.ts");
const { tag: TAG, labels: LABELS } = COPIED;

/** How large a layer is, in bytes. */
const LAYER = 30_000_000;
/** What may be held of layers on their way, in bytes: less than half of what V8 lets lie about by itself. */
const MOST = 16 * 1024 * 1024;

describe("versioned-image copy of large layers", () => {
  const [staging, production] = twoRegistries();

  it("holds little of them", async () => {
    await pushIndex(`${staging.host}/app`, TAG, LABELS, { layer: LAYER });
    const argv = ["copy", `${staging.host}/app:${TAG}`, `${production.host}/app`];
    const { stdout } = await promisify(execFile)(process.execPath, [...TYPESCRIPT, PROGRAM, ...argv]);
    const { status, most } = JSON.parse(stdout);
    assert.equal(status, 0);
    assert.ok(most < MOST, `${most} bytes`);
  });
});
