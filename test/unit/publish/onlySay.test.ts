import * as assert from "node:assert/strict";
import { rmSync } from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { Used } from "../../../components/publish/record";
import { sayBuildFailed } from "../../../components/publish/sayBuildFailed";
import { sayChanges } from "../../../components/publish/sayChanges";
import type { Subject } from "../../../components/publish/subject";
import type { Repo } from "../../support/repo";
import { useImages } from "../git/images";

/** What an update says goes wrong in no other way than that it can't be said. */
describe("a message", () => {
  const { withImage, directory } = useImages();

  /** What is logged meanwhile, by its severity. */
  async function logged(work: () => Promise<void>): Promise<[severity: "info" | "warn", line: string][]> {
    const lines: [severity: "info" | "warn", line: string][] = [];
    const { info, warn } = pulumi.log;
    const log = pulumi.log as { -readonly [Name in keyof typeof pulumi.log]: (typeof pulumi.log)[Name] };
    log.info = async (line) => void lines.push(["info", line]);
    log.warn = async (line) => void lines.push(["warn", line]);
    try {
      await work();
    } finally {
      Object.assign(log, { info, warn });
    }
    return lines;
  }

  async function changes(made: Repo, before: Partial<Used>, subject: object = {}): Promise<[string, string][]> {
    const version = { root: made.directory, tag: "after00", commit: made.head(), paths: ["app"] };
    const all = { name: "app", args: {}, version, ...subject };
    return logged(() => sayChanges(all as unknown as Subject, "h.example/app:after00", before as Used));
  }

  /** Three versions, of which the middle one's files can't be read. */
  function broken(): { made: Repo; before: Used } {
    const made = withImage();
    const before = { spec: `h.example/app:${made.head().slice(0, 7)}`, digest: "sha256:1" };
    made.write("app/main", "two\n").add().commit("Two");
    const tree = made.git("rev-parse", "HEAD:app");
    made.write("app/main", "three\n").add().commit("Three");
    rmSync(path.join(made.directory, ".git/objects", tree.slice(0, 2), tree.slice(2)));
    return { made, before };
  }

  it("of what has changed is left where git can't read a tree, in one line", async () => {
    const { made, before } = broken();
    const [[severity, line] = ["", ""], ...others] = await changes(made, before);
    assert.deepEqual([severity, others], ["info", []]);
    assert.match(
      line,
      /^app: what has changed can't be determined: git diff-tree failed in .* \| .*[^\n]* \[GitFailed\]$/,
    );
  });

  it("of what has changed is left of a record that names no image", async () => {
    const [[severity, line] = ["", ""], ...others] = await changes(withImage(), { spec: "a b" });
    assert.deepEqual([severity, others], ["info", []]);
    assert.match(line, /^app: what has changed can't be determined: .* \[InvalidArgument\]$/);
  });

  it("that a fault of ours ends is a warning with the place of the fault", async () => {
    const { made, before } = broken();
    const [[severity, line] = ["", ""], ...others] = await changes(made, before, { args: undefined });
    assert.deepEqual([severity, others], ["warn", []]);
    assert.match(line, /^app: what has changed can't be determined: TypeError: .* \| at .*sayChanges\.ts:\d+/);
  });

  it("of where a build failed hides no failure where its files are gone", async () => {
    const subject = {
      name: "app",
      version: { tag: "88d38d9" },
      dockerfile: "Dockerfile",
      build: { builder: "Docker" },
    };
    const gone = path.join(directory(), "gone");
    const context = { context: gone, dockerfile: path.join(gone, "Dockerfile") };
    const lines = await logged(() => sayBuildFailed(subject as unknown as Subject, context, ["exit code: 1"]));
    assert.deepEqual(
      lines.map(([severity, line]) => [severity, line.split(": ENOENT")[0]]),
      [["warn", "app: where the build failed can't be determined: Error"]],
    );
  });
});
