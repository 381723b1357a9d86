import * as assert from "node:assert/strict";
import fc from "fast-check";
import { parseDockerfile, refuseFaults } from "../../../components/context/dockerfile";
import { VersionedImageError } from "../../../components/errors";

/** What a Dockerfile is refused for; undefined if it is not. */
function fault(text: string, target?: string): string | undefined {
  try {
    refuseFaults(parseDockerfile(text), { dockerfile: "Dockerfile", target });
    return undefined;
  } catch (error) {
    assert.ok(error instanceof VersionedImageError, String(error));
    assert.equal(error.code, "DockerfileInvalid");
    return error.message;
  }
}

describe("a Dockerfile that Docker would refuse", () => {
  const kinds: [what: string, text: string, target: string | undefined, message: string][] = [
    ["an instruction that is none", "FROM a\n\n# c\nCOPPY b c\n", undefined, "COPPY (line 4 of Dockerfile)"],
    ["one in lower case", "from a\nrunn b \\\n  c\n", undefined, "RUNN (line 2 of Dockerfile)"],
    [
      "one with CRLF and a byte order mark",
      "\ufeffFROM a\r\nRUN b \\\r\n c\r\nX y\r\n",
      undefined,
      "X (line 4 of Dockerfile)",
    ],
    [
      "one with another escape character",
      "# escape=`\nFROM a\nRUN b `\n c\nX y\n",
      undefined,
      "X (line 5 of Dockerfile)",
    ],
  ];
  for (const [what, text, target, message] of kinds) {
    it(`${what} is named`, () => assert.equal(fault(text, target), `Unknown instruction ${message}.`));
  }

  it("has no FROM", () => {
    for (const text of ["", "# FROM a\n", "ARG A=1\n"]) {
      assert.equal(fault(text), "Dockerfile has no FROM instruction, so there is nothing to build.");
    }
  });

  it("has no such target", () => {
    assert.equal(
      fault("FROM a AS x\nFROM b\nFROM c as Y\n", "z"),
      'Dockerfile has no stage "z" for build.target; its stages are: x, y.',
    );
    assert.equal(
      fault("FROM a\nFROM b\n", "0"),
      'Dockerfile has no stage "0" for build.target; none of its stages has a name. A target is the name of a stage, not its ' +
        "number. Write FROM … AS NAME.",
    );
  });

  it("has no such target, or no FROM, for Docker's own frontend of any version, which may know more instructions", () => {
    for (const frontend of [
      "docker/dockerfile:1-labs",
      "docker/dockerfile-upstream",
      "h.example/mirror/dockerfile@sha256:0",
    ]) {
      const head = `# syntax=${frontend}\n`;
      assert.equal(fault(`${head}FROM a\nCOPPY b c\n`), undefined);
      assert.match(fault(`${head}FROM a\n`, "x") ?? "", /^Dockerfile has no stage "x"/);
      assert.match(fault(`${head}ARG a\n`) ?? "", /^Dockerfile has no FROM/);
    }
  });
});

/** What BuildKit's own parser takes: it was asked about these, and about 400,000 that were made up of such pieces. */
describe("a Dockerfile that Docker builds is not refused:", () => {
  for (const [what, text, target] of [
    ["a here-document with FROM", "FROM a AS x\nRUN <<EOF\nFROM b\nCOPPY c\nEOF\n", "x"],
    ["a here-document with a space before its delimiter", "FROM a AS x\nCOPY << SQL /q\nSELECT x\nFROM t;\nSQL\n", "x"],
    ["a here-document of another descriptor", "FROM a\nRUN 3<<EOF cat <&3\nCOPPY b\nEOF\n"],
    ["a here-document of ONBUILD", "FROM a\nONBUILD RUN <<-E\n\tCOPPY b\n\tE\n"],
    ["several here-documents", "FROM a\nRUN cat <<A <<B\nX\nA\nY\nB\nFROM b AS y\n", "y"],
    [
      "<< in quotes, in JSON and in a shift",
      'FROM a AS x\nRUN sh -c "cat <<EOF"\nCMD ["<<E"]\nRUN echo $((1<<2))\n',
      "x",
    ],
    ["two backslashes at a line's end", "FROM a\nRUN echo b\\\\\nFROM c AS x\n", "x"],
    ["two backslashes with a space between them", "FROM a\nRUN echo b\\ \\\n  c\n"],
    ["two backticks at a line's end", "# escape=`\nFROM a\nRUN echo b``\nFROM c AS x\n", "x"],
    ["a name that goes on", "FR\\\nOM a\nRUN\\\n# c\n echo b\n"],
    ["a backslash before the first line", "\\\nFROM a\n"],
    ["a backslash at the end", "FROM a AS x\\", "x"],
    ["comments and blank lines within a line", "FROM a\nRUN b \\\n# X y\n\n  # z \\\n  && c\n"],
    ["FROM in a line that goes on", "FROM a AS x\nRUN b \\\nFROM c\n", "x"],
    ["another escape character, a backslash at a line's end", "# escape=`\nFROM a\nRUN dir C:\\\nRUN b `\n  c\n"],
    ["a comment like a directive before one that then is none", "# a=b\n# escape=`\nFROM a\nRUN b \\\n  c\n"],
    ["a byte order mark and CRLF", "\ufeffFROM a AS x\r\nRUN b \\\r\n\r\n  c\r\n", "x"],
    ["a carriage return within a line", "FROM a AS x\nRUN b\rX c\n", "x"],
    ["names and instructions in any case", "from a As Build\nrun b\n", "bUILD"],
    ["two stages of a name", "FROM a AS x\nFROM b AS X\n", "x"],
    ["a platform, and FROM over several lines", "FROM --platform=$BUILDPLATFORM a \\\n # c\n AS \\\n x\n", "x"],
    ["ARG before FROM", 'ARG V="1"\nFROM a:$V AS x\n', "x"],
    ["ONBUILD, MAINTAINER and white space before them", "FROM a\n  ONBUILD RUN b\n\tMAINTAINER c\n"],
    ["white space of other kinds", "FROM a AS x\n\u00a0RUN b\n\fRUN\vc\n", "x"],
    ["an İ, which is an i in lower case", "FROM a AS BUİLD\n", "build"],
    ["no target", "FROM a\n", ""],
    ["a foreign frontend's file", "# syntax=h.example/frontend:1\nX y\n"],
    ["a foreign frontend's file, after a line for a shell", "#!/usr/bin/env x\n# syntax=h.example/frontend:1\nX y\n"],
    ["a foreign frontend's file in another language", "// syntax=h.example/frontend:1\nimport x\n"],
    ["a foreign frontend's file in JSON", '{"syntax": "h.example/frontend:1"}\n'],
  ] as [what: string, text: string, target?: string][]) {
    it(what, () => assert.equal(fault(text, target), undefined));
  }

  it("nothing ends in another error than DockerfileInvalid", () => {
    const piece = fc.constantFrom(
      "FROM a AS x\n",
      "RUN ",
      "COPY ",
      "# escape=`\n",
      "\\\n",
      "<<E ",
      "\r",
      "[",
      '"',
      "$",
      "--x=",
      "\t",
    );
    const text = fc.array(fc.oneof(piece, fc.string({ unit: "binary" }))).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(text, fc.option(fc.string(), { nil: undefined }), (given, target) => void fault(given, target)),
    );
  });
});
