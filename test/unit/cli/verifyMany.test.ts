import * as assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { fakeRegistries } from "../../support/fakeRegistry";
import { cli, cliJson, digestOf, labelsOf, marked, repositories, shelf } from "./setup";

describe("versioned-image verify of several images", () => {
  const { withImage } = repositories();
  const start = fakeRegistries();

  /** Two images of different commits, one that says no commit, and what each is called. */
  async function published() {
    const made = withImage();
    const first = made.head();
    const second = made.write("images/app/main", "two\n").add().commit("Say two").head();
    const [one, two] = [first.slice(0, 7), second.slice(0, 7)];
    const registry = await start(
      shelf([
        { tags: [one, "other"], labels: labelsOf(made, first, "images/app") },
        { tags: [two], labels: labelsOf(made, second, "images/app") },
        { tags: ["stray"], labels: {} },
      ]),
    );
    const repository = `${registry.host}/app`;
    return { made, registry, repository, first, second, one, two };
  }

  it("shows each in a line, in their order, and counts", async () => {
    const { repository, first, second, one, two } = await published();
    assert.deepEqual(await cli(["verify", `${repository}:${two}`, `${repository}:${one}`]), {
      status: 0,
      err: "",
      out: `consistent  ${repository}:${two}  ${second.slice(0, 12)} Say two
consistent  ${repository}:${one}  ${first.slice(0, 12)} Add the image

2 of 2 images consistent with git, 0 of them verified.
`,
    });
  });

  it("says of each why not, and is no if one is not verified", async () => {
    const { registry, repository, first, one } = await published();
    const digest = await digestOf(registry, one);
    const references = [
      `${repository}:${one}`,
      `${repository}:stray`,
      `${repository}:stray@${digest}`,
      `${repository}:gone`,
      "stray",
      repository,
    ];
    const { status, out, err } = await cli(["verify", ...references]);
    assert.deepEqual([status, err], [1, ""]);
    const width = Math.max(...references.map(({ length }) => length));
    const lines = [
      ["consistent    ", `${first.slice(0, 12)} Add the image`],
      ["not consistent", "no proof of commit, tree"],
      ["not consistent", "contradicted: digest"],
      [
        "error         ",
        `The registry has no gone in ${repository}. See what it has with: versioned-image tags ${repository} [ImageNotFound]`,
      ],
      ["error         ", /^"stray" does not name an image in a registry: .* \[InvalidArgument\]$/],
      ["error         ", /^127\S+ has neither tag nor digest\. .* \[InvalidArgument\]$/],
    ] as const;
    const shown = out.split("\n");
    lines.forEach(([answer, reason], index) => {
      const start = `${answer}  ${references[index]?.padEnd(width)}  `;
      assert.equal(shown[index]?.slice(0, start.length), start);
      const said = shown[index]?.slice(start.length) ?? "";
      if (typeof reason === "string") {
        assert.equal(said, reason);
      } else {
        assert.match(said, reason);
      }
    });
    assert.deepEqual(shown.slice(lines.length), ["", "1 of 6 images consistent with git, 0 of them verified.", ""]);
  });

  it("shows all checks of each with --verbose", async () => {
    const { repository, one } = await published();
    const alone = (await cli(["verify", `${repository}:${one}`])).out;
    const { status, out } = await cli(["verify", "--verbose", `${repository}:${one}`, `${repository}:gone`]);
    assert.equal(status, 1);
    assert.equal(
      out,
      `${alone}\n\n${repository}:gone\n\nThe registry has no gone in ${repository}. See what it has with: ` +
        `versioned-image tags ${repository} [ImageNotFound]\n\n1 of 2 images consistent with git, 0 of them verified.\n`,
    );
  });

  it("prints JSON, with each image as it is alone", async () => {
    const { repository, one } = await published();
    const alone = (await cliJson(["verify", `${repository}:${one}`])).json;
    assert.deepEqual(await cliJson(["verify", `${repository}:${one}`, `${repository}:gone`]), {
      status: 1,
      json: {
        consistent: false,
        verified: false,
        images: [
          { reference: `${repository}:${one}`, ...alone },
          {
            reference: `${repository}:gone`,
            consistent: false,
            verified: false,
            error: {
              code: "ImageNotFound",
              message: `The registry has no gone in ${repository}. See what it has with: versioned-image tags ${repository}`,
            },
          },
        ],
      },
    });
  });

  it("reads references from a file or from standard input, each once, and those of the command line as well", async () => {
    const { made, repository, one, two } = await published();
    writeFileSync(
      made.path("list"),
      `# What runs\n\n  ${repository}:${one}\r\n${repository}:${one}\n${repository}:other`,
    );
    const verified = async (argv: string[], input?: string) =>
      (await cliJson(["verify", ...argv], { input })).json.images.map(({ reference }: { reference: string }) =>
        reference.slice(reference.lastIndexOf(":") + 1),
      );
    assert.deepEqual(await verified(["--file", "list"]), [one, "other"]);
    assert.deepEqual(await verified(["--file", "list", `${repository}:${two}`]), [two, one, "other"]);
    assert.deepEqual(await verified(["--file", "-"], `${repository}:${two}\n`), [two]);
  });

  it("is an error where the list can't be read, or names nothing", async () => {
    withImage();
    const message = async (...argv: string[]) => {
      const { status, json } = await cliJson(["verify", ...argv], { input: "# nothing\n" });
      assert.deepEqual([status, json.error.code], [1, "InvalidArgument"]);
      return json.error.message;
    };
    assert.equal(await message("--file", "-"), "Standard input has no references. Write one on each line.");
    assert.match(
      await message("--file", "none"),
      /^The list of references can't be read: ENOENT.*none'\. Name a file /,
    );
  });

  it("refuses what is said of one image", async () => {
    withImage();
    for (const [argv, words] of [
      [["a.b/c:1", "a.b/d:1", "--context", "images/app"], /^--context is for a single image/],
      [["a.b/c:1", "a.b/d:1", "--path", "x"], /need --context, the image's directory\.$/],
      [["a.b/c:1", "--repository", "a.b"], /Add --all\.$/],
      [["--file", "-", "--repository", "a.b"], /Add --all\.$/],
      [["--all", "a.b/c:1"], /^--all verifies what a namespace runs/],
      [["--all", "--file", "x"], /^--all verifies what a namespace runs/],
      [["--all", "--context", "x"], /^--all verifies what a namespace runs/],
    ] as const) {
      const { json } = await cliJson(["verify", ...argv], { input: "a.b/c:1" });
      assert.equal(json.error.code, "InvalidArgument");
      assert.match(json.error.message, words);
    }
  });

  it("shows the answers in colour", async () => {
    const { repository, one } = await published();
    const { out } = await cli(["verify", `${repository}:${one}`, `${repository}:gone`], { color: true });
    assert.match(marked(out), /^<32>consistent<39> {2}127.*\n<31>error<39> {7}127/);
    assert.match(marked(out), /\n<31>1 of 2 images consistent with git, 0 of them verified\.<39>\n$/);
    const fine = await cli(["verify", `${repository}:${one}`, `${repository}:other`], { color: true });
    assert.match(marked(fine.out), /\n<32>2 of 2 images consistent with git, 0 of them verified\.<39>\n$/);
  });

  it("keeps their order, whatever their number", async () => {
    const { made, first } = await published();
    const tags = Array.from({ length: 20 }, (_, number) => `v${number}`);
    const answer = shelf([{ tags, labels: labelsOf(made, first, "images/app") }]);
    const registry = await start(answer);
    const references = tags.map((tag) => `${registry.host}/app:${tag}`);
    const { status, json } = await cliJson(["verify", ...references]);
    assert.equal(status, 0);
    assert.deepEqual(
      json.images.map(({ reference }: { reference: string }) => reference),
      references,
    );
  });
});
