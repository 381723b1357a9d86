import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { copyContext } from "../../../components/context/snapshot";
import { exportCommit } from "../../../components/git";
import { errorOf } from "../../support/assertError";
import { fakeRegistries } from "../../support/fakeRegistry";
import { Repo, repo } from "../../support/repo";
import { cli, labelsOf, shelf } from "../cli/setup";
import { useImages } from "./images";

/** Each setting of git's that names a program, as far as a repository's own configuration may have it. */
const SETTINGS = [
  "alias.config",
  "alias.ls-files",
  "alias.rev-list",
  "alias.rev-parse",
  "alias.status",
  "core.alternateRefsCommand",
  "core.askPass",
  "core.editor",
  "core.fsmonitor",
  "core.gitProxy",
  "core.pager",
  "core.sshCommand",
  "credential.helper",
  "diff.external",
  "diff.marked.command",
  "diff.marked.textconv",
  "gpg.program",
  "gpg.ssh.defaultKeyCommand",
  "interactive.diffFilter",
  "merge.marked.driver",
  "pager.diff",
  "pager.log",
  "pager.ls-tree",
  "pager.rev-list",
  "pager.status",
  "remote.origin.receivepack",
  "remote.origin.uploadpack",
  "sequence.editor",
  "submodule.app/vendor.update",
  "trailer.marked.command",
  "uploadpack.packObjectsHook",
];

const HOOKS = [
  "fsmonitor-watchman",
  "post-checkout",
  "post-index-change",
  "post-merge",
  "pre-auto-gc",
  "reference-transaction",
];

/** Those of the environment that name a program. */
const VARIABLES = [
  "EDITOR",
  "GIT_ASKPASS",
  "GIT_EDITOR",
  "GIT_EXTERNAL_DIFF",
  "GIT_PAGER",
  "GIT_PROXY_COMMAND",
  "GIT_SEQUENCE_EDITOR",
  "GIT_SSH",
  "GIT_SSH_COMMAND",
  "PAGER",
  "SSH_ASKPASS",
  "VISUAL",
];

/** A signature, so that to show it would be to check it. */
const SIGNATURE = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----";

/** A setting as git's own file has it: written by git it would take a process. */
function configured(key: string, value: string): string {
  const [, section, subsection, name] = /^(\w+)\.(?:(.*)\.)?([\w-]+)$/.exec(key) ?? [];
  return `[${section}${subsection === undefined ? "" : ` "${subsection}"`}]\n\t${name} = "${value}"\n`;
}

describe("the programs that a repository names", () => {
  const { keep, directory, withImage, facts, version } = useImages();
  const start = fakeRegistries();
  const home = process.cwd();

  afterEach(() => process.chdir(home));

  /** Programs that leave their name in a list and then do as they are told. */
  function programs() {
    const bin = directory();
    const list = path.join(bin, "ran");
    return {
      named(name: string, work = "exit 0"): string {
        const file = path.join(bin, name.replaceAll("/", "-"));
        writeFileSync(file, `#!/bin/sh\necho '${name}' >> ${list}\n${work}\n`, { mode: 0o755 });
        return file;
      },
      /** Those that ran since it was last asked. */
      ran(): string[] {
        const lines = existsSync(list) ? readFileSync(list, "utf8").trimEnd().split("\n") : [];
        rmSync(list, { force: true });
        return [...new Set(lines)].sort();
      },
    };
  }

  type Programs = ReturnType<typeof programs>;

  /** Gives a repository each of these programs, under names that begin with a prefix. */
  function arm(repository: Repo, { named }: Programs, prefix = ""): void {
    const gitDir = repository.git("rev-parse", "--absolute-git-dir");
    const hooks = path.join(gitDir, "armed-hooks");
    for (const place of [hooks, path.join(gitDir, "hooks")]) {
      mkdirSync(place, { recursive: true });
      for (const hook of HOOKS) {
        writeFileSync(
          path.join(place, hook),
          `#!/bin/sh\nexec ${named(`${prefix}hook ${hook}`.replaceAll(" ", "-"))}\n`,
          {
            mode: 0o755,
          },
        );
      }
    }
    // From a file of its own, as one setting more that reads others.
    const included = path.join(gitDir, "included");
    const programs = SETTINGS.map((setting): [key: string, value: string] => {
      const program = named(`${prefix}${setting}`);
      return [setting, setting.startsWith("alias.") || setting.endsWith(".update") ? `!${program}` : program];
    });
    const settings: [key: string, value: string][] = [
      ...programs,
      ["core.hooksPath", hooks],
      ["log.showSignature", "true"],
      ["protocol.ext.allow", "always"],
      ["remote.origin.url", `ext::${named(`${prefix}ext`)}`],
    ];
    writeFileSync(included, settings.map(([key, value]) => configured(key, value)).join(""));
    repository.git("config", "include.path", included);
  }

  function addFilters(repository: Repo, { named }: Programs, prefix = ""): void {
    repository.git("config", "filter.one.clean", named(`${prefix}clean`, "exec cat"));
    repository.git("config", "filter.one.smudge", named(`${prefix}smudge`, "exec cat"));
    // It says that it can do nothing, so that git takes the content as it is.
    const greeting = "0016git-filter-server\\n000eversion=2\\n00000000";
    repository.git(
      "config",
      "filter.many.process",
      named(`${prefix}process`, `printf '${greeting}'; exec cat > /dev/null`),
    );
  }

  /** An image with a submodule, both armed; its last commit has a signature. */
  function armed() {
    const marks = programs();
    const repository = withImage();
    const library = keep(repo()).write("lib", "lib\n").write(".gitattributes", "lib filter=one diff=marked\n");
    library.add().commit();
    repository.git("submodule", "--quiet", "add", `file://${library.directory}`, "app/vendor");
    repository
      .write("app/many", "many\n")
      .write("app/.gitattributes", "* diff=marked merge=marked\nmain filter=one\nmany filter=many\n")
      .add()
      .commit("Arm");
    const commit = repository.git("cat-file", "commit", "HEAD");
    repository.write(".git/signed", `${commit.replace("\n\n", `\n${SIGNATURE}\n\n`)}\n`);
    repository.git("reset", "--soft", repository.git("hash-object", "-t", "commit", "-w", ".git/signed"));
    arm(repository, marks);
    addFilters(repository, marks);
    const submodule = new Repo(repository.path("app/vendor"));
    arm(submodule, marks, "submodule-");
    addFilters(submodule, marks, "submodule-");
    // Where the times differ git compares the content.
    execFileSync("touch", [
      "-d",
      "2030-01-01",
      repository.path("app/main"),
      repository.path("app/many"),
      submodule.path("lib"),
    ]);
    marks.ran();
    return { repository, marks };
  }

  it("run where git is asked without care", () => {
    const { repository, marks } = armed();
    for (const call of [["status"], ["log", "-1"], ["diff", "HEAD~1", "--", "app/many"]]) {
      repository.git(...call);
    }
    assert.deepEqual(marks.ran(), [
      "clean",
      "core.fsmonitor",
      "diff.marked.command",
      "gpg.program",
      "hook-post-index-change",
      "process",
      "submodule-clean",
      "submodule-core.fsmonitor",
      "submodule-hook-post-index-change",
    ]);
  });

  it("are not run for an image, but for its filters: one way to compare, the other to write", async () => {
    const { repository, marks } = armed();
    for (const name of VARIABLES) {
      process.env[name] = marks.named(`$${name}`);
    }
    await facts(repository);
    assert.deepEqual(marks.ran(), ["clean", "process", "submodule-clean"]);
    await copyContext({ context: repository.path("app"), paths: undefined, dockerfile: "Dockerfile" }, directory());
    assert.deepEqual(marks.ran(), []);
    const known = await version(repository);
    marks.ran();
    await exportCommit(known, directory());
    assert.deepEqual(marks.ran(), ["process", "smudge", "submodule-smudge"]);
  });

  it("are not run by the command line either", async () => {
    const { repository, marks } = armed();
    const head = repository.head();
    const registry = await start(shelf([{ tags: [head.slice(0, 7)], labels: labelsOf(repository, head, "app") }]));
    marks.ran();
    process.chdir(repository.directory);
    const image = `${registry.host}/app`;
    const ran: Record<string, [status: number, programs: string[]]> = {};
    for (const argv of [
      ["tag", "app"],
      ["explain", "app", "--repository", image],
      ["tags", image],
      ["verify", `${image}:${head.slice(0, 7)}`, "--context", "app"],
    ]) {
      const { status } = await cli(argv);
      ran[argv[0] ?? ""] = [status, marks.ran()];
    }
    const filters = ["clean", "process", "submodule-clean"];
    assert.deepEqual(ran, { tag: [0, filters], explain: [0, filters], tags: [0, []], verify: [0, []] });
  });

  it("are not run for files that git was told not to look at, but for the filter that compares", async () => {
    const { repository, marks } = armed();
    repository.git("update-index", "--assume-unchanged", "app/main", "app/many");
    repository.git("update-index", "--skip-worktree", "app/.gitattributes");
    marks.ran();
    assert.deepEqual((await facts(repository)).hidden, []);
    assert.deepEqual(marks.ran(), ["clean", "process", "submodule-clean"]);
  });

  it("are run to fetch what a partial clone lacks", async () => {
    const marks = programs();
    const whole = withImage().write("app/main", "two\n").add().commit();
    whole.git("config", "uploadpack.allowFilter", "true");
    const partial = keep(whole.clone("--filter=tree:0"));
    partial.git("config", "remote.origin.url", "ssh://host.example/repository");
    partial.git("config", "core.sshCommand", marks.named("core.sshCommand", "exit 1"));
    await errorOf("GitFailed", () => facts(partial));
    assert.deepEqual(marks.ran(), ["core.sshCommand"]);
  });
});
