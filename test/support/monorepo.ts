import * as assert from "node:assert/strict";
import * as path from "node:path";
import { createRegistryClient } from "../../components/registry";
import { changes } from "./project";
import { registry } from "./registry";
import { type Repo, repo } from "./repo";
import { type Result, TestStack } from "./stack";

/** A program of images that are built on each other. */
export const PROGRAM = path.resolve(__dirname, "../engine/programs/based.ts");

/** What the stack says of one of its images. */
export interface BasedImage {
  tag: string;
  reference: string;
  digest: string;
  covers: string[];
  outcome: string;
}

/** How often each image was built, those left out not at all. */
export type Builds = Partial<Record<Name, number>>;

type Name = keyof typeof IMAGES;

/** A chain of three, and a second image on the first: what each covers, and its base, by the build argument. */
const IMAGES = {
  base: { covers: ["images/base"], on: undefined },
  runtime: { covers: ["images/base", "images/runtime"], on: ["BASE", "base"] },
  api: { covers: ["images/api", "images/base", "images/runtime"], on: ["RUNTIME", "runtime"] },
  worker: { covers: ["images/base", "images/worker"], on: ["BASE", "base"] },
} as const;

const NAMES = Object.keys(IMAGES) as Name[];

/** Images built on images in one repository, and what must hold of them after each update. */
export class Monorepo {
  readonly project = repo();
  readonly repositories = Object.fromEntries(NAMES.map((name) => [name, registry.repository(name)])) as Record<
    Name,
    string
  >;
  private readonly disposables: (() => void)[] = [() => this.project.dispose()];
  private readonly counted: Builds = {};

  /** `from`: the line of a Dockerfile that names the base of a build argument. */
  constructor(
    private readonly build: object,
    private readonly env: NodeJS.ProcessEnv,
    from: (argument: string) => string = (argument) => `ARG ${argument}\nFROM $${argument}`,
  ) {
    this.project.write("Pulumi.yaml", "name: versioned-image-example\nruntime: nodejs\n");
    this.project.write(".gitignore", "Pulumi.*.yaml\n");
    for (const name of NAMES) {
      const { on } = IMAGES[name];
      this.project
        .write(`images/${name}/Dockerfile`, `${on ? from(on[0]) : "FROM scratch"}\nCOPY ${name} /${name}\n`)
        .write(`images/${name}/${name}`, "one\n");
    }
    this.project.add().commit("Begin");
  }

  stack(name: string): TestStack {
    const stack = new TestStack(name, {
      workDir: this.project.directory,
      env: { ...process.env, ...this.env },
      program: PROGRAM,
      config: this.config(),
    });
    this.disposables.push(() => stack.forget());
    return stack;
  }

  /** The images; `args`: more arguments of some. */
  config(args: Partial<Record<Name, object>> = {}): Record<string, string> {
    const images = NAMES.map((name) => {
      const { on } = IMAGES[name];
      const place = { context: `images/${name}`, repository: this.repositories[name], build: this.build };
      return [name, { ...place, ...(on && { on: { [on[0]]: on[1] } }), ...args[name] }];
    });
    return { images: JSON.stringify(Object.fromEntries(images)) };
  }

  clone(): Repo {
    const clone = this.project.clone();
    this.disposables.push(() => clone.dispose());
    return clone;
  }

  change(...names: Name[]): this {
    for (const name of names) {
      this.project.write(`images/${name}/${name}`, `${this.project.head()}\n`);
    }
    this.project.add().commit(names.join(" and "));
    return this;
  }

  /** Updates a stack, and asserts all that must hold of it, of a preview before it, and of one after it. */
  async up(stack: TestStack, builds: Builds, config = this.config()): Promise<Record<Name, BasedImage>> {
    const preview = await stack.preview(config);
    assert.equal(preview.succeeded, true, preview.text);
    const images = await this.update(stack, builds, config);
    const next = await stack.preview(config);
    assert.deepEqual(imagesOf(next), images);
    assert.deepEqual(changes(next), {}, next.text);
    return images;
  }

  /** Updates a stack, and asserts all that must hold after it. */
  async update(stack: TestStack, builds: Builds, config = this.config()): Promise<Record<Name, BasedImage>> {
    const images = imagesOf(await stack.up(config));
    assert.deepEqual(this.builds(), builds);
    for (const name of NAMES) {
      await this.check(name, images, stack.options.workDir);
    }
    return images;
  }

  /** How often each image was published since it was last asked. */
  builds(): Builds {
    const found: Builds = {};
    for (const name of NAMES) {
      const pushes = registry.pushesTo(this.repositories[name]);
      const built = pushes - (this.counted[name] ?? 0);
      this.counted[name] = pushes;
      if (built > 0) {
        found[name] = built;
      }
    }
    return found;
  }

  private async check(name: Name, images: Record<Name, BasedImage>, workDir: string): Promise<void> {
    const { tag, reference, digest, covers, outcome } = images[name];
    const repository = this.repositories[name];
    const { covers: expected, on } = IMAGES[name];
    const commit = this.project.git("-C", workDir, "log", "-1", "--format=%h", "--abbrev=7", "--", ...expected);
    assert.deepEqual([tag, covers], [outcome === "debug" ? `${commit}-debug` : commit, expected]);
    assert.equal(await registry.digest(`${repository}:${tag}`), digest);
    assert.equal(reference, `${repository}:${tag}@${digest}`);
    const labels = await registry.labels(`${repository}:${tag}`);
    const base = on && images[on[1]];
    assert.deepEqual(
      BASE_LABELS.map((label) => labels[label]),
      base
        ? [
            JSON.stringify({ [on[0]]: { reference: base.reference, covers: base.covers } }),
            `${this.repositories[on[1]]}:${base.tag}`,
            base.digest,
          ]
        : ["", "", ""],
    );
    const layers = await layersOf(repository, digest);
    const under = base ? await layersOf(this.repositories[on[1]], base.digest) : [];
    assert.deepEqual(layers.slice(0, -1), under);
  }

  dispose(): void {
    for (const dispose of this.disposables) {
      dispose();
    }
  }
}

const BASE_LABELS = [
  "dev.versioned-image.bases",
  "org.opencontainers.image.base.name",
  "org.opencontainers.image.base.digest",
];

/** The images of an operation that must have succeeded. */
export function imagesOf(result: Result): Record<Name, BasedImage> {
  assert.equal(result.succeeded, true, result.text);
  return result.outputs.images as Record<Name, BasedImage>;
}

/** An image's layers in their order, by the digests of what they hold. */
async function layersOf(repository: string, digest: string): Promise<string[]> {
  const manifest = await createRegistryClient().manifest(repository, digest, "pull");
  const { config } = JSON.parse(manifest?.bytes.toString() ?? "");
  const slash = repository.indexOf("/");
  const answer = await fetch(
    `http://${repository.slice(0, slash)}/v2${repository.slice(slash)}/blobs/${config.digest}`,
  );
  const { rootfs } = (await answer.json()) as { rootfs: { diff_ids: string[] } };
  return rootfs.diff_ids;
}

/** What a monorepo has come to. */
export interface Lived {
  /** Its images are at the commit now. */
  stack: TestStack;
  images: Record<Name, BasedImage>;
  /** Images of an earlier commit, on an earlier base. */
  before: Record<Name, BasedImage>;
}

/** Meets each kind of change once, with what is built counted. */
export async function liveADay(monorepo: Monorepo): Promise<Lived> {
  const { project } = monorepo;
  const stack = monorepo.stack("dev");
  const all = { base: 1, runtime: 1, api: 1, worker: 1 };

  const first = await monorepo.update(stack, all);
  const second = await monorepo.change("runtime").update(stack, { runtime: 1, api: 1 });
  assert.deepEqual({ ...second, runtime: first.runtime, api: first.api }, first);
  assert.equal(second.api.tag, second.runtime.tag);
  const third = await monorepo.change("base").up(stack, all);
  assert.notEqual(third.api.digest, second.api.digest);

  project.write("images/base/base", "on disk\n");
  const debug = { debug: true };
  const config = monorepo.config({ base: debug, runtime: debug, api: debug, worker: debug });
  const edited = await monorepo.update(stack, all, config);
  assert.deepEqual(
    Object.values(edited).map(({ tag }) => tag),
    Object.values(third).map(({ tag }) => `${tag}-debug`),
  );
  project.git("checkout", "--quiet", "--", "images/base/base");

  // From debug images, and by an older commit.
  const now = project.git("branch", "--show-current");
  project.git("checkout", "--quiet", "HEAD~1");
  assert.deepEqual(digests(await monorepo.update(stack, {})), digests(second));
  project.git("checkout", "--quiet", now);

  const production = monorepo.stack("production");
  const other = await monorepo.update(production.in(monorepo.clone().directory), {});
  assert.deepEqual(digests(other), digests(third));
  assert.deepEqual(new Set(Object.values(other).map(({ outcome }) => outcome)), new Set(["adopted"]));
  return { stack: production, images: other, before: second };
}

/** Lives a month of the repository, with what is built counted. */
export async function liveAMonth(monorepo: Monorepo): Promise<Lived> {
  const { project } = monorepo;
  const stack = monorepo.stack("dev");
  const all = { base: 1, runtime: 1, api: 1, worker: 1 };

  const first = await monorepo.up(stack, all);
  const second = await monorepo.change("base").up(stack, all);
  assert.notEqual(second.api.digest, first.api.digest);
  const based = project.head();

  const third = await monorepo.change("api").up(stack, { api: 1 });
  assert.deepEqual({ ...third, api: second.api }, second);

  monorepo.change("runtime").change("worker");
  const fourth = await monorepo.up(stack, { runtime: 1, api: 1, worker: 1 });
  assert.equal(fourth.api.tag, fourth.runtime.tag);

  // Back by a commit, which is another version, and by an older commit, whose versions are there.
  project.git("revert", "--no-edit", based);
  const reverted = await monorepo.up(stack, all);
  const now = project.git("branch", "--show-current");
  project.git("checkout", "--quiet", based);
  assert.deepEqual(digests(await monorepo.up(stack, {})), digests(second));
  project.git("checkout", "--quiet", now);
  assert.deepEqual(digests(await monorepo.up(stack, {})), digests(reverted));

  const other = await monorepo.up(monorepo.stack("production"), {});
  assert.deepEqual(digests(other), digests(reverted));
  assert.deepEqual(new Set(Object.values(other).map(({ outcome }) => outcome)), new Set(["adopted"]));
  const cloned = await monorepo.up(stack.in(monorepo.clone().directory), {});
  assert.deepEqual(digests(cloned), digests(reverted));

  const debug = { debug: true };
  const config = monorepo.config({ base: debug, runtime: debug, api: debug, worker: debug });
  const tried = await monorepo.up(stack, all, config);
  project.write("images/base/base", "on disk\n");
  const edited = await monorepo.up(stack, all, config);
  assert.deepEqual(
    Object.values(edited).map(({ tag, digest }, index) => [tag, digest === Object.values(tried)[index]?.digest]),
    Object.values(tried).map(({ tag }) => [tag, false]),
  );
  project.git("checkout", "--quiet", "--", "images/base/base");
  const images = await monorepo.up(stack, {});
  assert.deepEqual(digests(images), digests(reverted));
  return { stack, images, before: fourth };
}

function digests(images: Record<Name, BasedImage>): string[] {
  return Object.values(images).map(({ digest }) => digest);
}
