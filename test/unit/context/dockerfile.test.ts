import * as assert from "node:assert/strict";
import fc from "fast-check";
import { dockerfileOf, stampDockerfile } from "../../../components/context/dockerfile";
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

/** The labels of a LABEL instruction, by Docker's rules for double quotes: the escape character takes what follows as it is. */
function labelsIn(line: string, escapeChar: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = line.replace(/^LABEL/, "");
  while (rest !== "") {
    const name = /^ (\w+)="/.exec(rest);
    assert.ok(name, rest);
    let value = "";
    let at = name[0].length;
    for (; rest[at] !== '"'; at++) {
      assert.notEqual(rest[at], "$", "would be expanded");
      at += rest[at] === escapeChar ? 1 : 0;
      value += rest[at];
    }
    labels[name[1] ?? ""] = value;
    rest = rest.slice(at + 1);
  }
  return labels;
}

describe("stampDockerfile", () => {
  const cases: [what: string, before: string, after: string, target?: string][] = [
    ["puts labels at the end", "FROM a\nRUN b\n", `FROM a\nRUN b\n${LABEL}\n`],
    ["ends a last line that has no newline", "FROM a\nRUN b", `FROM a\nRUN b\n${LABEL}\n`],
    ["stamps the last of several stages", "FROM a AS x\nFROM b\nRUN c\n", `FROM a AS x\nFROM b\nRUN c\n${LABEL}\n`],
    ["stamps the target", "FROM a AS x\nRUN b\n\nFROM c\n", `FROM a AS x\nRUN b\n\n${LABEL}\nFROM c\n`, "x"],
    ["finds a target in another case", "FROM a AS X\nFROM c\n", `FROM a AS X\n${LABEL}\nFROM c\n`, "x"],
    [
      "finds the last of two targets of one name",
      "FROM a AS x\nFROM b AS x\n",
      `FROM a AS x\nFROM b AS x\n${LABEL}\n`,
      "x",
    ],
    [
      "is not misled by a space before a here-document's delimiter",
      "FROM a AS x\nCOPY << SQL /q.sql\nSELECT x\nFROM t;\nSQL\nFROM b\n",
      `FROM a AS x\nCOPY << SQL /q.sql\nSELECT x\nFROM t;\nSQL\n${LABEL}\nFROM b\n`,
      "x",
    ],
    [
      "takes no here-document from a quoted word, or from the JSON form",
      'FROM a AS x\nRUN sh -c "cat <<EOF"\nRUN ["bash","-c","cat <<EOF >/x"]\nFROM b\n',
      `FROM a AS x\nRUN sh -c "cat <<EOF"\nRUN ["bash","-c","cat <<EOF >/x"]\n${LABEL}\nFROM b\n`,
      "x",
    ],
    [
      "continues no line that ends in two escape characters",
      "FROM a AS x\nRUN echo a\\\\\nFROM b\n",
      `FROM a AS x\nRUN echo a\\\\\n${LABEL}\nFROM b\n`,
      "x",
    ],
    ["ends a last line that would go on", "FROM a\nRUN b \\", `FROM a\nRUN b \n${LABEL}\n`],
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
    [
      "is not misled by FROM in a here-document of another descriptor",
      "FROM a AS x\nRUN 3<<EOF cat <&3\nFROM b\nEOF\nFROM c\n",
      `FROM a AS x\nRUN 3<<EOF cat <&3\nFROM b\nEOF\n${LABEL}\nFROM c\n`,
      "x",
    ],
    [
      "is not misled by FROM in a here-document of ONBUILD",
      "FROM a AS x\nONBUILD RUN <<EOF\nFROM b\nEOF\nFROM c\n",
      `FROM a AS x\nONBUILD RUN <<EOF\nFROM b\nEOF\n${LABEL}\nFROM c\n`,
      "x",
    ],
    [
      "counts lines as Docker does",
      "FROM a AS x\nRUN b\rFROM c\nFROM d\n",
      `FROM a AS x\nRUN b\rFROM c\n${LABEL}\nFROM d\n`,
      "x",
    ],
    [
      "is not misled by a shift",
      "FROM a\nRUN echo $((1<<2)) 1 << 2\n",
      `FROM a\nRUN echo $((1<<2)) 1 << 2\n${LABEL}\n`,
    ],
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
      'Dockerfile has no stage "y" for build.target; its stages are: x.',
    );
  });

  it("refuses a target by number, as Docker does", () => {
    assert.equal(
      refused(() => stamp("FROM a\nFROM c\n", "0")),
      'Dockerfile has no stage "0" for build.target; none of its stages has a name. Docker finds a target by its name, not by ' +
        "its number: write FROM … AS NAME.",
    );
  });

  it("refuses an instruction that does not end", () => {
    assert.match(
      refused(() => stamp("FROM a\nRUN <<EOF\nb\n")),
      /^Line 2 of Dockerfile begins a here-document that no line "EOF" ends\./,
    );
  });

  it("adds one instruction to the stage that is built and changes no other, whatever the Dockerfile", () => {
    const escapes = fc.constantFrom("\\", "`");
    const instruction = (escapeChar: string) =>
      fc.constantFrom(
        "RUN c",
        `RUN c ${escapeChar}\n  d`,
        `RUN c ${escapeChar}\n# FROM e\n\n  FROM d`,
        "COPY e f",
        "# comment",
        `# FROM g ${escapeChar}`,
        "\n# comment",
        "RUN <<E\nFROM g\nE",
        "RUN <<-'E'\n\tFROM g\n\tE",
        "RUN cat <<E 3<<F\nFROM g\nE\nFROM h\nF",
        "COPY <<E /x\n# FROM g\nE",
        "CMD []",
        "ONBUILD RUN x",
        "ONBUILD COPY <<E /x\nFROM g\nE",
        "LABEL a=b",
        "RUN a\rFROM b",
        "ARG V=1",
        "  HEALTHCHECK NONE",
      );
    const dockerfile = escapes.chain((escapeChar) =>
      fc.record({
        mark: fc.constantFrom("", "\ufeff"),
        head: fc
          .constantFrom("", "# syntax=docker/dockerfile:1\n")
          .map((syntax) => (escapeChar === "`" ? `${syntax}# escape=\`\n` : syntax)),
        args: fc.constantFrom("# comment\n", "ARG V=1\n", "# comment\nARG V=1\nARG W\n"),
        stages: fc.array(
          fc.record({
            from: fc.constantFrom("FROM", "from", "FROM --platform=$BUILDPLATFORM", `FROM ${escapeChar}\n `),
            lines: fc.array(instruction(escapeChar), { maxLength: 6 }),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        newline: fc.constantFrom("\n", "\r\n"),
        ended: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(dockerfile, fc.nat(), ({ mark, head, args, stages, newline, ended }, chosen) => {
        const target = chosen % stages.length;
        const texts = stages.map(({ from, lines }, index) => [`${from} a AS s${index}`, ...lines].join("\n"));
        const whole = (parts: string[]) => mark + (head + args + parts.join("\n")).replaceAll("\n", newline);
        const end = ended ? newline : "";
        const last = target === stages.length - 1;
        const labelled = texts.map((text, index) => (index === target ? `${text}\n${LABEL}` : text));
        assert.equal(stamp(whole(texts) + end, `S${target}`), whole(labelled) + (last ? newline : end));
      }),
      { numRuns: 400 },
    );
  });

  it("stamps what it has stamped once more in the same way", () => {
    const once = stamp("# escape=`\r\nFROM a AS x\r\nRUN b `\r\n c\r\nFROM d\r\n", "x");
    assert.equal(stamp(once, "x"), once.replace(`${LABEL}\r\n`, `${LABEL}\r\n${LABEL}\r\n`));
  });

  it("writes labels that Docker reads as they were, whatever is in them", () => {
    const value = fc.string({ unit: fc.constantFrom(..."ab \"'\\`$#{}<>=é€\t") });
    fc.assert(
      fc.property(value, value, fc.constantFrom("\\", "`"), (one, other, escapeChar) => {
        const directive = `# escape=${escapeChar}\n`;
        const line = stamp(`${directive}FROM a\n`, undefined, { one, other }).split("\n")[2] ?? "";
        assert.deepEqual(labelsIn(line, escapeChar), { one, other });
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
  it("keeps the name of a stage", () => {
    assert.equal(dockerfileOf("h/a@sha256:1", undefined), "FROM h/a@sha256:1\n");
    assert.equal(dockerfileOf("h/a@sha256:1", "x"), "FROM h/a@sha256:1 AS x\n");
  });
});
