import { createHash } from "node:crypto";
import { run } from "../../../cli/run";
import type { FakeRegistry, Reply, Seen } from "../../support/fakeRegistry";
import { GIT_ENV, type Repo, repo } from "../../support/repo";

export const REVISION = "org.opencontainers.image.revision";
export const CREATED = "org.opencontainers.image.created";
export const SOURCE = "org.opencontainers.image.source";
export const TREE = "dev.versioned-image.tree";
export const DIRTY = "dev.versioned-image.dirty";
export const BUILD = "dev.versioned-image.build";
export const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const INDEX = "application/vnd.oci.image.index.v1+json";

/** The commits of test repositories are of the first minutes of 2024. */
const NOW = new Date("2024-01-03T00:01:00Z");

export interface Ran {
  status: number;
  out: string;
  err: string;
}

/** Runs the command line within the test, without the user's credentials. */
export async function cli(
  argv: string[],
  options: { color?: boolean; env?: NodeJS.ProcessEnv; input?: string } = {},
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
    env: { DOCKER_CONFIG: "/nonexistent", ...options.env },
    now: () => NOW,
  });
  return { status, out, err };
}

/** What it prints with --json, which must be all that it prints. */
export async function cliJson(argv: string[], options: Parameters<typeof cli>[1] = {}) {
  const { status, out, err } = await cli([...argv, "--json"], options);
  if (err !== "") {
    throw new Error(`standard error is not empty: ${err}`);
  }
  return { status, json: JSON.parse(out) };
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

  return {
    keep,
    /** A repository with the image `images/app` at its first commit, as the working directory. */
    withImage(): Repo {
      const made = keep(repo())
        .write("images/app/Dockerfile", "FROM scratch\n")
        .write("images/app/main", "one\n")
        .add()
        .commit("Add the image");
      process.chdir(made.directory);
      return made;
    },
  };
}

/** An image of the registry `shelf`. */
export interface Shelved {
  tags: string[];
  labels?: Record<string, string>;
  /** When it was built. */
  created?: string;
  /** Default: linux/amd64. */
  architecture?: string;
  /** Puts the image into an index of images for several platforms. */
  index?: boolean;
}

/** Whatever a registry answers for the repository `app` that holds these images. */
export function shelf(images: Shelved[], more: Record<string, Reply> = {}): (request: Seen) => Reply {
  const contents = new Map<string, { type: string; body: string }>();
  const put = (type: string, value: unknown) => {
    const body = JSON.stringify(value);
    contents.set(sha256(body), { type, body });
    return { mediaType: type, digest: sha256(body), size: body.length };
  };
  const byTag = new Map<string, string>();
  for (const { tags, labels = {}, created, architecture = "amd64", index = false } of images) {
    const config = put("application/vnd.docker.container.image.v1+json", {
      os: "linux",
      architecture,
      created,
      config: { Labels: labels },
    });
    const manifest = put(MANIFEST, { schemaVersion: 2, mediaType: MANIFEST, config, layers: [] });
    const platform = { os: "linux", architecture };
    const top = index ? put(INDEX, { schemaVersion: 2, manifests: [{ ...manifest, platform }] }) : manifest;
    for (const tag of tags) {
      byTag.set(tag, top.digest);
    }
  }
  return ({ url }) => {
    const extra = more[url];
    if (extra) {
      return extra;
    }
    if (url.startsWith("/v2/app/tags/list")) {
      return { status: 200, body: { name: "app", tags: [...byTag.keys()] } };
    }
    const [, kind, named = ""] = /^\/v2\/app\/(manifests|blobs)\/(.*)$/.exec(url) ?? [];
    const digest = byTag.get(named) ?? named;
    const content = contents.get(digest);
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
export async function digestOf(registry: FakeRegistry, tag: string): Promise<string> {
  const answer = await fetch(`http://${registry.host}/v2/app/manifests/${tag}`);
  return answer.headers.get("docker-content-digest") ?? "";
}

export function sha256(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/** The labels that an image of a commit's directory has. */
export function labelsOf(repository: Repo, commit: string, path: string): Record<string, string> {
  const seconds = Number(repository.git("show", "--no-patch", "--format=%ct", commit));
  return {
    [REVISION]: commit,
    [TREE]: repository.git("rev-parse", `${commit}:${path}`),
    [CREATED]: new Date(seconds * 1000).toISOString().replace(".000Z", "Z"),
  };
}

/** Output with its colours in plain text, for instance "<31>" for red. */
export function marked(text: string): string {
  return text.replaceAll("\u001b", "\\e").replace(/\\e\[(\d+)m/g, "<$1>");
}
