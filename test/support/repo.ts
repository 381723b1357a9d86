import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";

/** Nothing of the user's own git configuration, and the same dates and names in each run, so that hashes are literals. */
export const GIT_ENV: NodeJS.ProcessEnv = {
  PATH: process.env.PATH,
  HOME: "/nonexistent",
  LC_ALL: "C",
  GIT_CONFIG_NOSYSTEM: "1",
  // Neither sample hooks in each repository, nor a process after each commit that looks whether to tidy up.
  GIT_TEMPLATE_DIR: "",
  GIT_CONFIG_COUNT: "3",
  GIT_CONFIG_KEY_0: "protocol.file.allow",
  GIT_CONFIG_VALUE_0: "always",
  GIT_CONFIG_KEY_1: "init.defaultBranch",
  GIT_CONFIG_VALUE_1: "main",
  GIT_CONFIG_KEY_2: "maintenance.auto",
  GIT_CONFIG_VALUE_2: "false",
};

/** A real repository in a directory of its own, made step by step. */
export class Repo {
  private clock = Date.UTC(2024, 0, 1) / 1000;

  constructor(readonly directory: string) {}

  git(...args: string[]): string {
    return this.gitWith({}, ...args);
  }

  gitWith(env: NodeJS.ProcessEnv, ...args: string[]): string {
    return execFileSync("git", args, {
      cwd: this.directory,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...GIT_ENV,
        GIT_AUTHOR_NAME: "Ada",
        GIT_AUTHOR_EMAIL: "ada@example.com",
        GIT_COMMITTER_NAME: "Ada",
        GIT_COMMITTER_EMAIL: "ada@example.com",
        GIT_AUTHOR_DATE: `${this.clock} +0000`,
        GIT_COMMITTER_DATE: `${this.clock} +0000`,
        ...env,
      },
    }).trim();
  }

  path(...names: string[]): string {
    return path.join(this.directory, ...names);
  }

  write(name: string, content: string | Buffer, mode?: number): this {
    mkdirSync(path.dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), content);
    if (mode !== undefined) {
      chmodSync(this.path(name), mode);
    }
    return this;
  }

  link(name: string, target: string): this {
    mkdirSync(path.dirname(this.path(name)), { recursive: true });
    symlinkSync(target, this.path(name));
    return this;
  }

  remove(name: string): this {
    rmSync(this.path(name), { recursive: true });
    return this;
  }

  add(...names: string[]): this {
    this.git("add", ...(names.length > 0 ? ["--", ...names] : ["--all"]));
    return this;
  }

  /** Commits what is staged, a minute after the last commit. */
  commit(message = "Change"): this {
    this.clock += 60;
    this.git("commit", "--quiet", "--allow-empty", "-m", message);
    return this;
  }

  /** Sets the clock of the next commit, in seconds since 1970; `commit` adds a minute first. */
  at(seconds: number): this {
    this.clock = seconds - 60;
    return this;
  }

  head(): string {
    return this.headInFiles() ?? this.git("rev-parse", "HEAD");
  }

  /** What most repositories have in git's own files, where reading it takes no process: tests ask for it hundreds of times. */
  private headInFiles(): string | undefined {
    const content = (name: string) => {
      const file = this.path(".git", name);
      return existsSync(file) ? readFileSync(file, "utf8").trim() : "";
    };
    const head = content("HEAD");
    const hash = head.startsWith("ref: ") ? content(head.slice("ref: ".length)) : head;
    return /^[0-9a-f]{40,64}$/.test(hash) ? hash : undefined;
  }

  clone(...options: string[]): Repo {
    const directory = scratch();
    execFileSync("git", ["clone", "--quiet", ...options, `file://${this.directory}`, directory], {
      env: GIT_ENV,
      stdio: "pipe",
    });
    return new Repo(directory);
  }

  /** The same again in a directory of its own. */
  copy(): Repo {
    const made = new Repo(scratch());
    cpSync(this.directory, made.directory, { recursive: true, verbatimSymlinks: true });
    made.clock = this.clock;
    return made;
  }

  dispose(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function scratch(): string {
  return realpathSync(mkdtempSync(path.join(tmpdir(), "repo-")));
}

/** An empty repository. */
export function repo(...options: string[]): Repo {
  const key = options.join("\0");
  const empty = empties.get(key) ?? copiesOf(() => initialized(options));
  empties.set(key, empty);
  return empty();
}

const empties = new Map<string, () => Repo>();

function initialized(options: string[]): Repo {
  const made = new Repo(scratch());
  made.git("init", "--quiet", ...options);
  return made;
}

/** Makes a repository once, and gives a copy of it whenever it is called: to make each anew takes a process for each step. */
export function copiesOf(make: () => Repo): () => Repo {
  const original = shared(make);
  return () => original().copy();
}

/** Makes a repository once, and gives that one whenever it is called, to tests that only read it. */
export function shared(make: () => Repo): () => Repo {
  let made: Repo | undefined;
  return () => {
    if (made === undefined) {
      made = make();
      originals.push(made);
    }
    return made;
  };
}

const originals: Repo[] = [];
process.on("exit", () => {
  for (const original of originals) {
    original.dispose();
  }
});
