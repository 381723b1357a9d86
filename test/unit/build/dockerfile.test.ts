import * as assert from "node:assert/strict";
import { DockerfileParser } from "dockerfile-ast";
import fc from "fast-check";
import { dockerfileOf, stampDockerfile } from "../../../components/build/dockerfile";
import { VersionedImageError } from "../../../components/errors";

const LABELS = { b: "two", a: "one" };
const LABEL = 'LABEL a="one" b="two"';

function stamp(text: string, target?: string, labels: Record<string, string> = LABELS): string {
  return stampDockerfile(Buffer.from(text), { name: "Dockerfile", target, labels }).toString();
}

function refused(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof VersionedImageError);
    assert.equal(error.code, "DockerfileInvalid");
    return error.message;
  }
  return assert.fail("nothing was refused");
}

describe("stampDockerfile", () => {
  const cases: [what: string, before: string, after: string, target?: string][] = [
    ["puts labels at the end", "FROM a\nRUN b\n", `FROM a\nRUN b\n${LABEL}\n`],
    ["ends a last line that has no newline", "FROM a\nRUN b", `FROM a\nRUN b\n${LABEL}\n`],
    ["stamps the last of several stages", "FROM a AS x\nFROM b\nRUN c\n", `FROM a AS x\nFROM b\nRUN c\n${LABEL}\n`],
    ["stamps the target", "FROM a AS x\nRUN b\n\nFROM c\n", `FROM a AS x\nRUN b\n\n${LABEL}\nFROM c\n`, "x"],
    ["finds a target in another case", "FROM a AS X\nFROM c\n", `FROM a AS X\n${LABEL}\nFROM c\n`, "x"],
    ["finds a target by number", "FROM a\nFROM c\n", `FROM a\n${LABEL}\nFROM c\n`, "0"],
    ["keeps CRLF", "FROM a\r\nRUN b\r\n", `FROM a\r\nRUN b\r\n${LABEL}\r\n`],
    ["keeps CRLF between stages", "FROM a AS x\r\nFROM b\r\n", `FROM a AS x\r\n${LABEL}\r\nFROM b\r\n`, "x"],
    ["keeps a byte order mark", "\ufeffFROM a\n", `\ufeffFROM a\n${LABEL}\n`],
    [
      "keeps parser directives first",
      "# syntax=docker/dockerfile:1\nFROM a\n",
      `# syntax=docker/dockerfile:1\nFROM a\n${LABEL}\n`,
    ],
    [
      "is not misled by FROM in a here-document",
      "FROM a\nRUN <<EOF\nFROM b\nEOF\n",
      `FROM a\nRUN <<EOF\nFROM b\nEOF\n${LABEL}\n`,
    ],
    ["is not misled by FROM in a comment", "FROM a\n# FROM b\n", `FROM a\n# FROM b\n${LABEL}\n`],
    ["is not misled by FROM in a continued line", "FROM a\nRUN b \\\nFROM c\n", `FROM a\nRUN b \\\nFROM c\n${LABEL}\n`],
    ["knows global arguments", "ARG V=1\nFROM a:$V\n", `ARG V=1\nFROM a:$V\n${LABEL}\n`],
  ];
  for (const [what, before, after, target] of cases) {
    it(what, () => assert.equal(stamp(before, target), after));
  }

  it("escapes what Docker would take for its own", () => {
    assert.equal(stamp("FROM a\n", undefined, { a: 'x"$HOME\\y' }), 'FROM a\nLABEL a="x\\"\\$HOME\\\\y"\n');
  });

  it("escapes with the Dockerfile's own escape character", () => {
    assert.equal(
      stamp("# escape=`\nFROM a\n", undefined, { a: 'x"$HOME\\`y' }),
      '# escape=`\nFROM a\nLABEL a="x`"`$HOME\\``y"\n',
    );
  });

  it("keeps bytes that are not UTF-8", () => {
    const before = Buffer.concat([
      Buffer.from("FROM a\nRUN echo "),
      Buffer.from([0xff, 0xfe, 0x80]),
      Buffer.from("\n"),
    ]);
    const after = stampDockerfile(before, { name: "Dockerfile", target: undefined, labels: { a: "ü" } });
    assert.deepEqual(after, Buffer.concat([before, Buffer.from('LABEL a="ü"\n')]));
  });

  it("refuses a file without FROM", () => {
    assert.equal(
      refused(() => stamp("RUN a\n")),
      "Dockerfile has no FROM instruction: there is nothing to build.",
    );
  });

  it("refuses a target that is not there, and names those that are", () => {
    assert.equal(
      refused(() => stamp("FROM a AS x\nFROM b\n", "y")),
      'Dockerfile has no stage "y" for build.target; its stages are: x, 1.',
    );
  });

  it("refuses an instruction that does not end", () => {
    assert.match(
      refused(() => stamp("FROM a\nRUN b \\")),
      /^The last instruction of Dockerfile does not end/,
    );
    assert.match(
      refused(() => stamp("FROM a\nRUN <<EOF\nb\n")),
      /^The last instruction of Dockerfile does not end/,
    );
  });

  it("adds one instruction and changes no other, whatever the Dockerfile", () => {
    const line = fc.constantFrom(
      "FROM a",
      "FROM b AS x",
      "RUN c",
      "RUN c \\\n  d",
      "COPY e f",
      "# comment",
      "",
      "RUN <<E\nFROM g\nE",
      "CMD []",
      "ONBUILD RUN x",
    );
    const newline = fc.constantFrom("\n", "\r\n");
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), newline, fc.boolean(), (lines, end, ended) => {
        const text = ["FROM a AS first", ...lines].join("\n").replaceAll("\n", end) + (ended ? end : "");
        const before = DockerfileParser.parse(text).getInstructions();
        const after = DockerfileParser.parse(stamp(text)).getInstructions();
        assert.deepEqual(
          after.slice(0, -1).map((instruction) => instruction.toString()),
          before.map((instruction) => instruction.toString()),
        );
        assert.equal(after.at(-1)?.toString(), LABEL);
      }),
    );
  });

  it("never fails in another way than by its own error", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.option(fc.string(), { nil: undefined }), (text, target) => {
        try {
          stamp(text, target);
        } catch (error) {
          assert.ok(error instanceof VersionedImageError, String(error));
        }
      }),
    );
  });
});

describe("dockerfileOf", () => {
  it("keeps the name of a stage, not its number", () => {
    assert.equal(dockerfileOf("h/a@sha256:1", undefined), "FROM h/a@sha256:1\n");
    assert.equal(dockerfileOf("h/a@sha256:1", "x"), "FROM h/a@sha256:1 AS x\n");
    assert.equal(dockerfileOf("h/a@sha256:1", "0"), "FROM h/a@sha256:1\n");
  });
});
