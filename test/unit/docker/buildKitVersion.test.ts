import * as assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { tooOld, tooOldBuildKit } from "../../../components/docker/buildKitVersion";

/** As `docker buildx inspect` of 0.29 prints it. */
const printed = (...versions: string[]) =>
  `Name:   farm\nDriver: docker-container\n\nNodes:\n${versions
    .map(
      (version) =>
        `Name:             farm0\nEndpoint:         unix:///x\nStatus:           running\nBuildKit version: ${version}\n`,
    )
    .join("\n")}`;

describe("the version of BuildKit", () => {
  for (const [versions, expected] of [
    [["v0.12.5"], "0.12.5"],
    [["v0.9.0-rc1"], "0.9.0-rc1"],
    [["v0.13.0"], undefined],
    [["v0.32.2"], undefined],
    [["v1.2.0"], undefined],
    [["v0.32.2", "v0.11.6"], "0.11.6"],
    [["v0.0.0+unknown"], undefined],
    [[], undefined],
  ] as [string[], string | undefined][]) {
    it(`${versions.join(" and ") || "nothing"} ${expected === undefined ? "is not known to be" : "is"} too old`, () => {
      assert.equal(tooOld(printed(...versions)), expected);
    });
  }

  it("is asked for once, and is nothing where nobody answers", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "docker-"));
    try {
      const docker = path.join(folder, "docker");
      writeFileSync(docker, `#!/bin/sh\n[ "$*" = "buildx inspect old" ] && echo "BuildKit version: v0.12.0"\n`);
      chmodSync(docker, 0o755);
      const env = { PATH: `${folder}:/bin:/usr/bin` };
      assert.equal(await tooOldBuildKit("old", env), "0.12.0");
      rmSync(docker);
      assert.equal(await tooOldBuildKit("old", env), "0.12.0");
      assert.equal(await tooOldBuildKit("other", { PATH: "/nonexistent" }), undefined);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
