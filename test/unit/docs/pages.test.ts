import * as assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { commands } from "../cli/setup";

const ROOT = path.resolve(__dirname, "../../..");
const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CODE_OF_CONDUCT.md",
  ".github/PULL_REQUEST_TEMPLATE.md",
  "examples/README.md",
  ...readdirSync(path.join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

const read = (page: string) => readFileSync(path.join(ROOT, page), "utf8");

/** What pages say can be typed: the lines of their shell blocks, without comments, and what stands in backquotes. */
function commandsIn(page: string): string[] {
  const blocks = [...read(page).matchAll(/^ *```sh\n(.*?)^ *```/gms)].map(([, block = ""]) => block);
  const lines = blocks.flatMap((block) => block.split("\n")).map((line) => line.replace(/\s+#.*$/, "").trim());
  const quoted = [
    ...read(page)
      .replace(/^ *```.*?^ *```/gms, "")
      .matchAll(/`([^`\n]+)`/g),
  ].map(([, text = ""]) => text);
  return [...lines, ...quoted].filter((line) => line !== "");
}

/** The rules of who may know whom. */
function rules(): { name: string; comment: string }[] {
  return require(path.join(ROOT, ".dependency-cruiser.cjs")).forbidden;
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/ /g, "-"),
  );
}

describe("the pages", () => {
  it("begin with a README of 150 lines at the most", () => {
    assert.ok(read("README.md").split("\n").length <= 151);
  });

  it("begin with a README that names every page", () => {
    const named = [...read("README.md").matchAll(/\]\(docs\/([\w-]+\.md)\)/g)].map(([, page]) => page);
    const pages = readdirSync(path.join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
    assert.deepEqual(
      pages.filter((page) => !named.includes(page)),
      [],
    );
  });

  it("say where each folder of the code is, and which rooms a room knows", () => {
    const text = read("CONTRIBUTING.md");
    const folders = ["components", "cli", "test"].flatMap((parent) =>
      readdirSync(path.join(ROOT, parent), { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && entry.name !== "support")
        .map(({ name }) => `\`${parent}/${name}/\``),
    );
    assert.deepEqual(
      folders.filter((folder) => !text.includes(folder)),
      [],
    );
    const rows = [...text.matchAll(/^\| `components\/(\w+)\/` \|[^|]*\| (.*)\|$/gm)];
    const rooms = rows.map(([, room = ""]) => room);
    const said = rows.map(([, room = "", words = ""], index) => {
      const named = [...words.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);
      const known = words.startsWith("all that follow but ")
        ? rooms.slice(index + 1).filter((name) => !named.includes(name))
        : named;
      return `components/${room} knows only the doors of ${known.sort().join(", ") || "no other room"}`;
    });
    const checked = rules()
      .filter(({ name }) => name.startsWith("room-"))
      .map(({ comment }) => comment.replace(/(?<= doors of ).*/, (names) => names.split(", ").sort().join(", ")));
    assert.deepEqual(said.sort(), checked.sort());
  });

  it("list every error with what to do, and no other", () => {
    const declared = [...read("components/errors.ts").matchAll(/^ {2}\| "(\w+)"/gm)].map(([, code]) => code);
    const listed = [...read("docs/errors.md").matchAll(/^\| (`\w+`(?:, `\w+`)*) \|/gm)].flatMap(([, codes = ""]) =>
      [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => code),
    );
    assert.ok(declared.length > 30);
    assert.deepEqual(listed.sort(), declared.sort());
  });

  it("list the errors by code, in each table", () => {
    for (const table of read("docs/errors.md").split("\n## ")) {
      const codes = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, code = ""]) => code.toLowerCase());
      assert.deepEqual(codes, [...codes].sort());
    }
  });

  for (const page of [...PAGES, "CHANGELOG.md"]) {
    it(`${page}: its lines have 120 characters at the most, but for code and tables`, () => {
      const lines = read(page)
        .replace(/^ *```.*?^ *```/gms, "")
        .split("\n");
      assert.deepEqual(
        lines.filter((line) => line.length > 120 && !line.startsWith("|")),
        [],
      );
    });
  }

  for (const page of PAGES) {
    it(`${page}: its links lead somewhere`, () => {
      const links = [...read(page).matchAll(/\]\(([^()\s]+)\)/g)].map(([, link = ""]) => link);
      for (const link of links.filter((each) => !/^https?:/.test(each))) {
        const [file = "", anchor] = link.split("#");
        const target = file === "" ? page : path.join(path.dirname(page), file);
        assert.ok(existsSync(path.join(ROOT, target)), `${link} leads nowhere`);
        assert.ok(anchor === undefined || anchorsOf(target).includes(anchor), `${link}: there is no such heading`);
      }
    });

    it(`${page}: what it says to type is there`, () => {
      const scripts = JSON.parse(read("package.json")).scripts as Record<string, string>;
      const parts = [...read("scripts/test.ts").matchAll(/^ {2}(\w+)(?::|,$)/gm)].map(([, part]) => part);
      for (const command of commandsIn(page)) {
        const [, script] = /^npm (?:--silent )?run (?:--silent )?([\w:]+)/.exec(command) ?? [];
        assert.ok(script === undefined || Object.hasOwn(scripts, script), `${command}: there is no such script`);
        const [, wanted = ""] = /^npm test -- (.*)$/.exec(command) ?? [];
        for (const part of wanted.split(" ").filter(Boolean)) {
          const isThere = part.startsWith("--") ? read("scripts/test.ts").includes(`"${part}"`) : parts.includes(part);
          assert.ok(isThere, `${command}: the tests have no part ${part}`);
        }
      }
    });

    it(`${page}: the command line knows what it says`, () => {
      for (const command of commandsIn(page)) {
        const [, name, rest = ""] = /(?:^|\$\()versioned-image ([a-z]+)(?: (.*))?$/.exec(command) ?? [];
        if (name === undefined) {
          continue;
        }
        const found = commands().commands.find((each) => each.name() === name);
        assert.ok(found, `${command}: there is no command ${name}`);
        for (const [, flag] of rest.matchAll(/(?:^|[\s[])(--[a-z-]+)/g)) {
          const flags = ["--help", ...found.options.map(({ long }) => long)];
          assert.ok(flags.includes(flag), `${command}: ${name} has no option ${flag}`);
        }
      }
    });

    it(`${page}: names nothing on npm that is not this project's`, () => {
      const wrong = commandsIn(page).filter((command) =>
        /\bnpx versioned-image|npm i(?:nstall)?\b.*\bversioned-image(?!-)/.test(command),
      );
      assert.deepEqual(wrong, []);
    });
  }
});
