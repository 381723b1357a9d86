import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { findFailedInstruction } from "../../../components/context";
import { parseDockerfile } from "../../../components/context/dockerfile";
import { failedInstruction } from "../../../components/context/failedInstruction";

/** The words are those of the builder that is named: of BuildKit 0.32, and of the builder that Docker 20.10 has as its default. */
describe("failedInstruction", () => {
  function lineOf(lines: string[], words: string): number | undefined {
    const { instructions } = parseDockerfile(lines.join("\n"));
    return failedInstruction(instructions, words)?.line;
  }

  const BUILD = ["FROM alpine:3.20 AS base", "COPY package.json lock/ /app/", "RUN npm ci", 'RUN ["npm", "test"]'];

  for (const [what, line, words] of [
    ["BuildKit: a command", 3, 'process "/bin/sh -c npm ci" did not complete successfully: exit code: 127'],
    ["BuildKit of Docker 20.10: a command", 3, "executor failed running [/bin/sh -c npm ci]: exit code: 127"],
    ["Docker 20.10: a command", 3, "The command '/bin/sh -c npm ci' returned a non-zero code: 127"],
    ["BuildKit: a command without a shell", 4, 'process "npm test" did not complete successfully: exit code: 1'],
    ["Docker 20.10: a command without a shell", 4, "The command 'npm test' returned a non-zero code: 1"],
    [
      "BuildKit: a file that is not there",
      2,
      'failed to compute cache key: failed to calculate checksum of ref abc::def: "/package.json": not found',
    ],
    ["BuildKit: a directory that is not there", 2, 'failed to calculate checksum of ref abc::def: "/lock": not found'],
    [
      "Docker 20.10: a file that is not there",
      2,
      "COPY failed: file not found in build context or excluded by .dockerignore: stat package.json: file does not exist",
    ],
    [
      "BuildKit: an image that is not there",
      1,
      "docker.io/library/alpine:3.20: failed to resolve source metadata for docker.io/library/alpine:3.20: not found",
    ],
    [
      "a registry that refuses the push",
      undefined,
      "error pushing: denied: requested access to the resource is denied",
    ],
    ["nothing", undefined, ""],
  ] as const) {
    it(`${what}: ${line === undefined ? "none" : `line ${line}`}`, () => assert.equal(lineOf(BUILD, words), line));
  }

  it("reads what continues a line, mounts and quotes as they are run", () => {
    const file = ["FROM scratch", 'RUN --mount=type=cache,target=/c echo "a" && \\', "    # why", "    false"];
    const words = 'process "/bin/sh -c echo \\"a\\" &&     false" did not complete successfully: exit code: 1';
    assert.equal(lineOf(file, words), 2);
  });

  it("takes no command for another that begins or ends like it", () => {
    const file = ["FROM scratch", "RUN make", "RUN make test", "RUN cd /a && make"];
    assert.equal(lineOf(file, 'process "/bin/sh -c make" did not complete successfully: exit code: 2'), 2);
    assert.equal(lineOf(file, 'process "/bin/sh -c make test" did not complete successfully: exit code: 2'), 3);
    assert.equal(lineOf(file, 'process "/bin/sh -c cd /a && make" did not complete successfully: exit code: 2'), 4);
  });

  it("takes no push for the base whose name that of the image begins with", () => {
    const file = ["FROM h.example/p/app", "FROM h.example/p/base:1"];
    for (const words of [
      "error reading push output: h.example/p/app:88d38d9 is immutable",
      "error reading push output: tag h.example/p/base:12 already exists",
    ]) {
      assert.equal(lineOf(file, words), undefined);
    }
  });

  it("names none of what only another frontend can read", async () => {
    const words = "h.example/base:1: failed to resolve source metadata for h.example/base:1: not found";
    const context = mkdtempSync(path.join(tmpdir(), "failed-"));
    try {
      for (const [frontend, line] of [
        ["docker/dockerfile:1", 2],
        ["h.example/frontend:1", undefined],
      ]) {
        writeFileSync(path.join(context, "Dockerfile"), `# syntax=${frontend}\nFROM h.example/base:1\nRUN <<EOF\n`);
        assert.equal((await findFailedInstruction(context, "Dockerfile", words))?.line, line);
      }
    } finally {
      rmSync(context, { recursive: true });
    }
  });

  it("shows an instruction in one line, without the comments in it", () => {
    const { instructions } = parseDockerfile("FROM a\nrun --mount=type=ssh \\\n  # why\n  make   x\n");
    const words = 'process "/bin/sh -c make   x" did not complete successfully: exit code: 2';
    assert.deepEqual(failedInstruction(instructions, words), {
      name: "RUN",
      text: "RUN --mount=type=ssh make x",
      line: 2,
    });
  });

  it("names none of two that are alike", () => {
    const file = ["FROM a/b AS one", "RUN make", "FROM a/c", "RUN make"];
    assert.equal(lineOf(file, 'process "/bin/sh -c make" did not complete successfully: exit code: 2'), undefined);
  });
});
