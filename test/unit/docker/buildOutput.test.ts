import * as assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { failedStep, lastLinesOfBuild } from "../../../components/docker/buildOutput";
import { folderOfEach } from "../../support/folder";

const ERROR = 'process "/bin/sh -c npm ci" did not complete successfully: exit code: 1';

/** As buildx 0.29 prints it of BuildKit 0.32. */
const LOG = `#1 [internal] load build definition from Dockerfile
#1 transferring dockerfile: 115B done
#1 DONE 0.0s

#5 [2/2] RUN npm ci
#5 0.102 npm error missing script
#5 0.098 npm error code ENOENT
#5 ERROR: ${ERROR}

#6 [other 1/1] RUN make
#6 0.050 making
#6 CANCELED
------
 > [2/2] RUN npm ci:
0.098 npm error code ENOENT
------
`;

describe("failedStep", () => {
  it("is what the step that failed has printed, in the order of its times", () => {
    assert.deepEqual(failedStep(LOG), { error: ERROR, lines: ["npm error code ENOENT", "npm error missing script"] });
  });

  it("is nothing where no step failed", () => {
    assert.deepEqual(failedStep("#1 DONE 0.0s\n"), { error: undefined, lines: [] });
    assert.deepEqual(failedStep(""), { error: undefined, lines: [] });
  });
});

/** With a stand-in for the docker command, as there is no history without a daemon of today; messages.test.ts runs on a real one. */
describe("lastLinesOfBuild", () => {
  const bin = folderOfEach();

  function docker(script: string): NodeJS.ProcessEnv {
    const file = bin("docker");
    writeFileSync(file, `#!/bin/sh\n${script}`);
    chmodSync(file, 0o755);
    return { PATH: `${bin()}${path.delimiter}${process.env.PATH}` };
  }

  function entry(ref: string, status: string, created_at: string): string {
    return JSON.stringify({ ref, status, created_at });
  }

  it("are those of the latest build that failed with these words", async () => {
    writeFileSync(bin("right.log"), LOG);
    writeFileSync(bin("old.log"), LOG.replaceAll("npm error", "old error"));
    writeFileSync(bin("other.log"), LOG.replaceAll("npm ci", "make"));
    writeFileSync(
      bin("list"),
      [
        entry("b/b0/old", "Error", "2026-01-01T11:59:59Z"),
        entry("b/b0/fine", "Completed", "2026-01-01T12:00:01Z"),
        entry("b/b0/other", "Error", "2026-01-01T12:00:02Z"),
        entry("b/b0/right", "Error", "2026-01-01T12:00:03Z"),
      ].join("\n"),
    );
    const env = docker(`
      case "$*" in
        *" ls "*) cat ${bin()}/list;;
        *" logs "*right) cat ${bin()}/right.log;;
        *" logs "*other) cat ${bin()}/other.log;;
        *" logs "*old) cat ${bin()}/old.log;;
        *) exit 1;;
      esac
    `);
    const words = `error reading build output: ${ERROR}`;
    assert.deepEqual(await lastLinesOfBuild({ builder: "farm", words, env }), [
      "npm error code ENOENT",
      "npm error missing script",
    ]);
    assert.deepEqual(await lastLinesOfBuild({ builder: "farm", words: "the push failed", env }), []);
  });

  it("are found in a list of any form of JSON, with other lines around it", async () => {
    const right = { ref: "b/b0/right", status: "Error", created_at: "2026-01-01T12:00:03Z", more: { of: ["it"] } };
    const list = [{ ...right, ref: "b/b0/fine", status: "Completed" }, right];
    writeFileSync(bin("right.log"), LOG);
    const env = docker(`case "$*" in *" ls "*) cat ${bin()}/list;; *right) cat ${bin()}/right.log;; esac`);
    for (const listed of [
      list.map((each) => JSON.stringify(each)).join("\n"),
      list.map((each) => JSON.stringify(each, undefined, 2)).join("\n"),
      JSON.stringify(list, undefined, 4),
      JSON.stringify(list),
    ]) {
      writeFileSync(bin("list"), `WARNING: {x}\r\n${listed}\n{\n{no JSON}\nWARNING: y\n`);
      assert.equal((await lastLinesOfBuild({ builder: undefined, words: ERROR, env })).length, 2, listed);
    }
  });

  it("are none where docker prints something else than builds", async () => {
    writeFileSync(bin("log"), LOG);
    for (const listed of [
      "{",
      "{}",
      "[]",
      "null",
      '{"ref":1,"status":"Error"}',
      "[[{}]]",
      "{\n  x\n}",
      "NAME STATUS\nb Error",
    ]) {
      writeFileSync(bin("list"), `${listed}\n`);
      const env = docker(`case "$*" in *" ls "*) cat ${bin()}/list;; *) cat ${bin()}/log;; esac`);
      assert.deepEqual(await lastLinesOfBuild({ builder: undefined, words: ERROR, env }), [], listed);
    }
  });

  it("are none without a history, and without docker", async () => {
    const words = ERROR;
    const env = docker("echo \"docker: 'buildx' is not a docker command.\" >&2; exit 1");
    assert.deepEqual(await lastLinesOfBuild({ builder: undefined, words, env }), []);
    assert.deepEqual(await lastLinesOfBuild({ builder: undefined, words, env: { PATH: "/nonexistent" } }), []);
  });
});
