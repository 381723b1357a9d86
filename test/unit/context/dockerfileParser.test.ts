import * as assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import { stampDockerfile } from "../../../components/context/dockerfile";
import { VersionedImageError } from "../../../components/errors";
import { Originals, type ParsedDockerfile } from "../../support/originals";

const ROOT = path.resolve(__dirname, "../../..");
const LABELS = { "a.b": 'x"$HOME\\`y', c: "" };

/** How many Dockerfiles are made up. */
const COUNT = 12_000;

/** What people write, and what looks like something else. */
const PIECES = [
  "FROM a",
  "FROM a AS x",
  "FROM b AS X",
  "from --platform=$BUILDPLATFORM a as y",
  "FROM a AS x # y",
  "FROM a AS 1",
  "RUN echo a",
  "RUN echo a\\",
  "RUN echo a\\\\",
  "RUN echo a \\  ",
  "RUN echo a`",
  "RUN echo a\\\n# FROM c\n\n  b",
  "RUN <<EOF\nFROM b\nEOF",
  "RUN <<-EOF\n\tFROM b\n\tEOF",
  "RUN <<'EOF' cat\nFROM b\\\nEOF",
  'RUN <<"E F"\nFROM b\nE F',
  "RUN 3<<EOF cat <&3\nFROM b\nEOF",
  "RUN cat <<A <<B\nFROM b\nA\nFROM c\nB",
  'RUN sh -c "cat <<EOF"',
  'RUN ["bash", "-c", "cat <<EOF >/x"]',
  "RUN echo $((1<<2)) 1 << 2",
  "RUN cat <<< EOF",
  "RUN \\\n<<EOF\nFROM b\nEOF",
  "COPY << SQL /q.sql\nSELECT x\nFROM t;\nSQL",
  "COPY <<EOF /x\nFROM b\nEOF",
  "ADD <<a <<b /x/\nFROM 1\na\nFROM 2\nb",
  "ONBUILD RUN <<EOF\nFROM b\nEOF",
  "ONBUILD COPY << E /x\nFROM b\nE",
  'CMD ["x", "<<EOF"]',
  "CMD cat <<EOF",
  "ENV A=<<EOF",
  "LABEL q=1",
  "ARG V=1",
  "USER\tx",
  "\u00a0RUN x",
  "  \tRUN x",
  "\\",
  "# comment",
  "# escape=`",
  "# syntax=docker/dockerfile:1",
  "#check=skip=all",
  "",
  "\f",
  "EOF",
  "FROM",
  "HEALTHCHECK CMD a \\\n b",
  'SHELL ["a"]',
  "RUN --mount=type=bind,target=/x <<EOF\nFROM b\nEOF",
];

interface Sample {
  content: Buffer;
  target: string | undefined;
}

/** Labels must land where Docker reads them, and nothing else may change: asked of BuildKit's own parser. */
describe("stampDockerfile and BuildKit's parser", () => {
  let parser: Originals;

  before(async function () {
    this.timeout(600_000);
    const found = await Originals.get();
    if (!found) {
      console.log("      left out: there is no Go 1.26 or later to build BuildKit's parser with");
      this.skip();
    }
    parser = found;
  });

  it(`agree about ${COUNT} Dockerfiles of awkward pieces`, () => {
    const piece = fc.constantFrom(...PIECES);
    const text = fc
      .tuple(
        fc.array(piece, { maxLength: 2 }),
        fc.constantFrom("FROM a AS x", "FROM a"),
        fc.array(piece, { maxLength: 8 }),
        fc.constantFrom("\n", "\r\n"),
        fc.boolean(),
      )
      .map(([before, from, after, newline, isEnded]) =>
        [...before, from, ...after, ...(isEnded ? [""] : [])].join("\n").replaceAll("\n", newline),
      );
    const sample = fc.record({
      content: text.map((written) => Buffer.from(written)),
      target: fc.constantFrom(undefined, undefined, "x", "X", "y", "1"),
    });
    const samples = fc.sample(sample, { numRuns: COUNT, seed: 1 });
    const { stamped, refused } = compare(samples);
    console.log(`      ${COUNT} Dockerfiles: ${stamped} stamped, ${refused} refused by both or without such a target`);
    assert.ok(stamped > COUNT / 10, `${stamped} stamped`);
  });

  it("agree about every Dockerfile of this repository", () => {
    const files = ["images", "examples", "test"].flatMap((folder) =>
      readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
        .filter((file) => /(^|\/)([^/]*\.)?Dockerfile$/.test(file) && !file.includes("node_modules"))
        .map((file) => path.join(ROOT, folder, file)),
    );
    assert.ok(files.length > 0);
    const { stamped } = compare(files.map((file) => ({ content: readFileSync(file), target: undefined })));
    assert.equal(stamped, files.length);
  });

  function compare(samples: Sample[]): { stamped: number; refused: number } {
    const before = parser.dockerfiles(samples.map(({ content }) => content));
    const stamped: { sample: Sample; before: ParsedDockerfile; after: Buffer }[] = [];
    for (const [index, sample] of samples.entries()) {
      const parsed = before[index] as ParsedDockerfile;
      const after = stampOf(sample);
      if (after instanceof VersionedImageError) {
        assert.ok(
          parsed.error !== undefined || stageOf(parsed, sample.target) === -1 || /here-document/.test(after.message),
          `refused (${after.message}), and BuildKit takes it: ${shown(sample)}`,
        );
      } else if (parsed.error === undefined) {
        stamped.push({ sample, before: parsed, after });
      }
    }
    const read = parser.dockerfiles(stamped.map(({ after }) => after));
    for (const [index, { sample, before: was, after }] of stamped.entries()) {
      const text = `${shown(sample)} became ${JSON.stringify(after.toString())}`;
      const is = read[index] as ParsedDockerfile;
      assert.equal(is.error, undefined, text);
      const target = stageOf(was, sample.target);
      assert.notEqual(target, -1, text);
      const stages = is.stages ?? [];
      const label = stages[target]?.instructions.pop();
      assert.deepEqual(label?.labels, LABELS, text);
      assert.deepEqual(
        stages.map(({ name, instructions }) => ({ name, instructions: instructions.map(({ tree }) => tree) })),
        (was.stages ?? []).map(({ name, instructions }) => ({
          name,
          instructions: instructions.map(({ tree }) => tree),
        })),
        text,
      );
    }
    return { stamped: stamped.length, refused: samples.length - stamped.length };
  }

  function stampOf({ content, target }: Sample): Buffer | VersionedImageError {
    try {
      return stampDockerfile(content, { name: "Dockerfile", target, labels: LABELS });
    } catch (error) {
      assert.ok(error instanceof VersionedImageError, String(error));
      return error;
    }
  }

  /** As BuildKit looks for it: of a name the last, in any case of letters. */
  function stageOf({ stages = [] }: ParsedDockerfile, target: string | undefined): number {
    return target === undefined
      ? stages.length - 1
      : stages.findLastIndex(({ name }) => name.toLowerCase() === target.toLowerCase());
  }

  function shown({ content, target }: Sample): string {
    return `${JSON.stringify(content.toString())}, target ${target}`;
  }
});
