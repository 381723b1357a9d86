import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import * as path from "node:path";
import { exportCommit, type ImageSource, readFacts } from "../../../components/git";
import { decideVersion, type Facts, TagPolicy, type Version, type VersionOptions } from "../../../components/version";
import { errorOf } from "../../support/assertError";
import { copiesOf, GIT_ENV, type Repo, repo, scratch } from "../../support/repo";

type Source = Omit<ImageSource, "context">;

/** The content of an image as `withImage` makes it. */
export const SOURCE = { Dockerfile: "FROM scratch\n", main: "one\n" };

function addImage(context: string, repository: Repo): Repo {
  return repository
    .write(path.join(context, "Dockerfile"), SOURCE.Dockerfile)
    .write(path.join(context, "main"), SOURCE.main)
    .add()
    .commit("Add the image");
}

const appRepository = copiesOf(() => addImage("app", repo()));

/**
 * What tests of images in real repositories need. Each test starts with nothing of the user's git settings in its
 * environment, and leaves nothing behind.
 */
export function useImages() {
  const disposables: { dispose(): void }[] = [];
  const saved = { ...process.env };

  beforeEach(() => {
    for (const name of Object.keys(process.env).filter((key) => key.startsWith("GIT_"))) {
      delete process.env[name];
    }
    Object.assign(process.env, { ...GIT_ENV, PATH: saved.PATH });
  });

  afterEach(() => {
    for (const name of Object.keys(process.env)) {
      delete process.env[name];
    }
    Object.assign(process.env, saved);
    for (const disposable of disposables.splice(0)) {
      disposable.dispose();
    }
  });

  function keep<T extends { dispose(): void }>(disposable: T): T {
    disposables.push(disposable);
    return disposable;
  }

  /** A directory that is gone after the test. */
  function directory(): string {
    const made = scratch();
    keep({ dispose: () => rmSync(made, { recursive: true, force: true }) });
    return made;
  }

  /** Adds an image to a repository, as its first commit. */
  function withImage(context = "app", repository?: Repo): Repo {
    return repository === undefined && context === "app"
      ? keep(appRepository())
      : addImage(context, repository ?? keep(repo()));
  }

  function facts(repository: Repo, context = "app", source: Source = {}): Promise<Facts> {
    return readFacts({ context: repository.path(context), ...source });
  }

  async function version(
    repository: Repo,
    context = "app",
    options: Partial<VersionOptions> = {},
    source: Source = {},
  ): Promise<Version> {
    return decideVersion(await facts(repository, context, source), {
      debug: false,
      tagPolicy: TagPolicy.Commit,
      tagLength: 7,
      ...options,
    });
  }

  async function tag(repository: Repo, context = "app", options: Partial<VersionOptions> = {}): Promise<string> {
    return (await version(repository, context, options)).tag;
  }

  function refusal(code: Parameters<typeof errorOf>[0], repository: Repo, context = "app"): Promise<string> {
    return errorOf(code, () => version(repository, context));
  }

  /** A production context as it is on disk. */
  async function exportedTo(repository: Repo, context = "app", source: Source = {}): Promise<string> {
    const into = path.join(directory(), "context");
    execFileSync("mkdir", [into]);
    await exportCommit(await version(repository, context, {}, source), into);
    return into;
  }

  /** The files of a production context, with their content. */
  async function exported(repository: Repo, context = "app", source: Source = {}): Promise<Record<string, string>> {
    const into = await exportedTo(repository, context, source);
    const files = execFileSync("find", [".", "-type", "f", "-printf", "%P\n"], { cwd: into, encoding: "utf8" });
    return Object.fromEntries(
      files
        .split("\n")
        .filter(Boolean)
        .sort()
        .map((file) => [file, readFileSync(path.join(into, file), "utf8")]),
    );
  }

  return { keep, directory, withImage, facts, version, tag, refusal, exportedTo, exported };
}
