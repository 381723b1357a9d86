import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import type { Command } from "commander";
import { createProgram } from "../../../cli/program";
import { run } from "../../../cli/run";
import type { FakeRegistry, Reply, Seen } from "../../support/fakeRegistry";
import { copiesOf, GIT_ENV, type Repo, repo, shared } from "../../support/repo";

export const REVISION = "org.opencontainers.image.revision";
export const CREATED = "org.opencontainers.image.created";
export const SOURCE = "org.opencontainers.image.source";
export const TREE = "dev.versioned-image.tree";
export const DIRTY = "dev.versioned-image.dirty";
export const BUILD = "dev.versioned-image.build";
export const CONTEXT = "dev.versioned-image.context";
export const PATHS = "dev.versioned-image.paths";
export const DOCKERFILE = "dev.versioned-image.dockerfile";
export const BASES = "dev.versioned-image.bases";
export const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const INDEX = "application/vnd.oci.image.index.v1+json";

/** The commits of test repositories are of the first minutes of 2024. */
export const NOW = new Date("2024-01-03T00:01:00Z");

/** Where this process's programs keep their states. */
const STATES = path.join(tmpdir(), `versioned-image-states-${process.pid}`);

export interface Ran {
  status: number;
  out: string;
  err: string;
}

/** Runs the command line within the test, without the user's credentials. */
export async function cli(
  argv: string[],
  options: {
    color?: boolean;
    terminal?: boolean;
    env?: NodeJS.ProcessEnv;
    input?: string;
    now?: () => Date;
    sleep?: () => Promise<void>;
  } = {},
): Promise<Ran> {
  let out = "";
  let err = "";
  const status = await run(argv, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    input: async () => options.input ?? "",
    color: options.color ?? false,
    terminal: options.terminal ?? false,
    env: { DOCKER_CONFIG: "/nonexistent", XDG_STATE_HOME: STATES, ...options.env },
    now: options.now ?? (() => NOW),
    clock: { now: () => performance.now(), sleep: options.sleep ?? (async () => {}) },
  });
  return { status, out, err };
}

/** The command line's commands, to be looked at and not run. */
export function commands(): Command {
  const nowhere = () => {};
  const io = {
    out: nowhere,
    err: nowhere,
    input: async () => "",
    color: false,
    terminal: false,
    env: {},
    now: () => new Date(0),
  };
  return createProgram({ io, complain: nowhere, done: nowhere });
}

/** What it prints with --json, which must be all that it prints. */
export async function cliJson(argv: string[], options: Parameters<typeof cli>[1] = {}) {
  const { status, out, err } = await cli([...argv, "--json"], options);
  if (err !== "") {
    throw new Error(`standard error is not empty: ${err}`);
  }
  return { status, json: JSON.parse(out) };
}

/** A repository with the image `images/app` at its first commit. */
export const imageRepository = copiesOf(() =>
  repo()
    .write("images/app/Dockerfile", "FROM scratch\n")
    .write("images/app/main", "one\n")
    .add()
    .commit("Add the image"),
);

/** How many versions of the image `versions` has. */
const VERSIONS = 20;

/** A repository in which each commit is a version of `images/app`, for tests that only read it or take a copy. */
export const versions = shared(() => {
  const made = imageRepository();
  for (let number = 1; number < VERSIONS; number++) {
    made.write("images/app/main", `${number}\n`).add().commit(`Change ${number}`);
  }
  return made;
});

/** The commits of HEAD, of which the first was made first. */
export function commitsOf(repository: Repo): string[] {
  return repository.git("rev-list", "--reverse", "HEAD").split("\n");
}

/** Gives each test git without the user's settings, and takes away what the test made. Call it within `describe`. */
export function repositories() {
  const saved = { ...process.env };
  const directory = process.cwd();
  const made: Repo[] = [];

  beforeEach(() => {
    for (const name of Object.keys(process.env).filter((key) => key.startsWith("GIT_"))) {
      delete process.env[name];
    }
    Object.assign(process.env, { ...GIT_ENV, PATH: saved.PATH });
  });

  afterEach(() => {
    rmSync(STATES, { recursive: true, force: true });
    process.chdir(directory);
    for (const name of Object.keys(process.env)) {
      delete process.env[name];
    }
    Object.assign(process.env, saved);
    for (const repository of made.splice(0)) {
      repository.dispose();
    }
  });

  const keep = (repository: Repo) => {
    made.push(repository);
    return repository;
  };

  /** Makes a repository the working directory. */
  const enter = (repository: Repo) => {
    process.chdir(repository.directory);
    return repository;
  };

  return {
    keep,
    enter,
    /** A repository with the image `images/app` at its first commit, as the working directory. */
    withImage: () => enter(keep(imageRepository())),
  };
}

/** An image of the registry `shelf`. */
export interface Shelved {
  /** Default: app. */
  repository?: string;
  tags: string[];
  /** The digests of its layers as they are unpacked. */
  layers?: string[];
  labels?: Record<string, string>;
  /** When it was built. */
  created?: string;
  /** Default: linux/amd64. */
  architecture?: string;
  /** Puts the image into an index of images for several platforms. */
  index?: boolean;
}

/** Whatever a registry answers that holds these images. */
export function shelf(images: Shelved[], more: Record<string, Reply> = {}): (request: Seen) => Reply {
  const contents = new Map<string, { type: string; body: string }>();
  const put = (type: string, value: unknown) => {
    const body = JSON.stringify(value);
    contents.set(sha256(body), { type, body });
    return { mediaType: type, digest: sha256(body), size: body.length };
  };
  const byTag = new Map<string, string>();
  const held = new Set<string>();
  for (const {
    repository = "app",
    tags,
    labels = {},
    created,
    architecture = "amd64",
    index = false,
    layers,
  } of images) {
    const config = put("application/vnd.docker.container.image.v1+json", {
      os: "linux",
      architecture,
      created,
      config: { Labels: labels },
      ...(layers && { rootfs: { type: "layers", diff_ids: layers } }),
    });
    const manifest = put(MANIFEST, { schemaVersion: 2, mediaType: MANIFEST, config, layers: [] });
    const platform = { os: "linux", architecture };
    const top = index ? put(INDEX, { schemaVersion: 2, manifests: [{ ...manifest, platform }] }) : manifest;
    for (const tag of tags) {
      byTag.set(`${repository}:${tag}`, top.digest);
      held
        .add(`${repository}@${top.digest}`)
        .add(`${repository}@${manifest.digest}`)
        .add(`${repository}@${config.digest}`);
    }
  }
  return ({ url }) => {
    const extra = more[url];
    if (extra) {
      return extra;
    }
    const [, repository = "", kind, named = ""] = /^\/v2\/(\w+)\/(manifests|blobs|tags)\/(.*)$/.exec(url) ?? [];
    if (named.startsWith("list")) {
      const tags = [...byTag.keys()].filter((tag) => tag.startsWith(`${repository}:`));
      return { status: 200, body: { name: repository, tags: tags.map((tag) => tag.slice(repository.length + 1)) } };
    }
    const digest = byTag.get(`${repository}:${named}`) ?? named;
    const content = held.has(`${repository}@${digest}`) ? contents.get(digest) : undefined;
    return content && (kind === "blobs" || [MANIFEST, INDEX].includes(content.type))
      ? {
          status: 200,
          headers: { "content-type": content.type, "docker-content-digest": digest },
          body: content.body,
        }
      : { status: 404, body: { errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }] } };
  };
}

/** The digest under which a registry that was made by `shelf` serves an image. */
export async function digestOf(registry: FakeRegistry, tag: string, repository = "app"): Promise<string> {
  const answer = await fetch(`http://${registry.host}/v2/${repository}/manifests/${tag}`);
  return answer.headers.get("docker-content-digest") ?? "";
}

export function sha256(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/** The labels that an image of a commit's directory has. */
export function labelsOf(repository: Repo, commit: string, path: string): Record<string, string> {
  const key = `${commit}:${path}`;
  const labels = labelsOfCommits.get(key) ?? readLabels(repository, commit, path);
  // The name of a commit may be another's in the next repository, its hash can't.
  if (/^[0-9a-f]{40}$/.test(commit)) {
    labelsOfCommits.set(key, labels);
  }
  return { ...labels };
}

/** Most tests begin with the same commit. */
const labelsOfCommits = new Map<string, Record<string, string>>();

function readLabels(repository: Repo, commit: string, path: string): Record<string, string> {
  const seconds = Number(repository.git("show", "--no-patch", "--format=%ct", commit));
  return {
    [REVISION]: commit,
    [TREE]: repository.git("rev-parse", `${commit}:${path}`),
    [CREATED]: new Date(seconds * 1000).toISOString().replace(".000Z", "Z"),
  };
}

/** Git's hash of several paths of a commit, as anybody can compute it. */
export function treeOfPaths(repository: Repo, commit: string, paths: string[]): string {
  const listed = execFileSync("git", ["ls-tree", "-z", "--full-tree", commit, "--", ...paths], {
    cwd: repository.directory,
    env: { ...GIT_ENV, GIT_LITERAL_PATHSPECS: "1" },
  });
  return execFileSync("git", ["hash-object", "--stdin"], { cwd: repository.directory, env: GIT_ENV, input: listed })
    .toString()
    .trim();
}

/** The labels of an image that is made of several paths, which name them, its directory and its Dockerfile; `bases` as their label has it. */
export function sourceLabelsOf(
  repository: Repo,
  commit: string,
  context: string,
  files: string[],
  bases: Record<string, { reference: string; covers: string[] }> = {},
): Record<string, string> {
  const paths = [...files, ...Object.values(bases).flatMap(({ covers }) => covers)];
  return {
    ...labelsOf(repository, commit, context),
    ...(paths.length > 1 && { [TREE]: treeOfPaths(repository, commit, paths) }),
    [CONTEXT]: context,
    [PATHS]: JSON.stringify(files),
    [DOCKERFILE]: `${context}/Dockerfile`,
    [BASES]: Object.keys(bases).length === 0 ? "" : JSON.stringify(bases),
  };
}

/** Output with its colours in plain text, for instance "<31>" for red. */
export function marked(text: string): string {
  return text.replaceAll("\u001b", "\\e").replace(/\\e\[(\d+)m/g, "<$1>");
}
