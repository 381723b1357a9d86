import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { MOMENT } from "../components/protocol/tagOnce";
import { which } from "../scripts/setup/run";
import { registry } from "../test/support/registry";
import { RegistryProxy } from "../test/support/registryProxy";
import { versionedImage } from "./built";
import { type Images, imagesOf } from "./images";
import { atMost, interleaved, type Row } from "./row";

const run = promisify(execFile);

/** So many images are built at once, by all but bake. */
const AT_ONCE = 4;
/** More images than these are not measured as often. */
const FEW = 20;
/** What a link adds to each answer of a registry, in milliseconds. */
const LINK = 50;

export interface PublishBenchOptions {
  rounds: number;
  /** Whether it is only looked if all of it runs. */
  quick: boolean;
  /** The Docker configuration that has the builder `farm`; undefined where BuildKit can't be had. */
  dockerConfig: string | undefined;
  progress(line: string): void;
}

/** Images that are published, of which some have changed. */
interface Scene {
  images: number;
  changed: number;
  /** Whether the builder has kept nothing. Default: it has built all before. */
  cold?: boolean;
  /** Whether the registry is far away. Default: it is on this machine. */
  far?: boolean;
}

/** A program that builds and pushes what `versioned-image publish` publishes. */
interface Other {
  name: string;
  /** The options of `versioned-image publish` beside the images. */
  flags: string[];
  env: NodeJS.ProcessEnv;
  write(images: Images, repository: string): void;
  publish(images: Images, repository: string): Promise<unknown>;
  /** Has the builder forget what it has built. */
  forget: string[];
}

/**
 * `versioned-image publish` of images that have changed, against what builds and pushes the same; the second that it waits before the tags are
 * read back is added to the other side. Each side has files of its own, so that none finds the other's layers.
 */
export async function publishRows(options: PublishBenchOptions): Promise<Row[]> {
  const { quick, rounds, progress } = options;
  const rows: Row[] = [];
  for (const other of othersOf(options)) {
    const many: Scene[] = [
      { images: 20, changed: 20 },
      { images: 20, changed: 20, cold: true },
      { images: 20, changed: 20, far: true },
      { images: 200, changed: 20 },
    ];
    for (const scene of [{ images: 1, changed: 1 }, ...(quick ? [] : many)]) {
      progress(`publishing ${describe(scene)}, against ${other.name}`);
      for (const row of await rowsOf(scene, other, scene.images > FEW ? Math.min(rounds, 3) : rounds)) {
        progress(`${row.name}: ${row.ratio.toFixed(2)}`);
        rows.push(row);
      }
    }
  }
  return rows;
}

function othersOf({ dockerConfig, progress }: PublishBenchOptions): Other[] {
  // Not by the builder that a Docker of old has, where a client of today finds no buildx.
  const env = { ...process.env, ...(dockerConfig && { DOCKER_CONFIG: dockerConfig, BUILDX_BUILDER: "default" }) };
  const others = [shellLoop(env)];
  if (which("skaffold") === undefined) {
    progress("Skaffold is not measured: there is no skaffold on PATH.");
  } else {
    others.push(skaffold(env));
  }
  return dockerConfig === undefined ? others : [bake({ ...process.env, DOCKER_CONFIG: dockerConfig }), ...others];
}

function bake(env: NodeJS.ProcessEnv): Other {
  const args = ["buildx", "bake", "--builder", "farm", "--push", "--provenance=false"];
  return {
    name: "docker buildx bake --push",
    flags: ["--builder", "farm"],
    env,
    write: (images, repository) => images.writeBake(repository),
    // It starts all builds at once, whatever their number; of 200, BuildKit breaks off connections.
    publish: async ({ source, names }) => {
      const options = { cwd: source.directory, env: { ...env, TAG: tagOf(source) } };
      for (let done = 0; done < names.length; done += FEW) {
        await run("docker", [...args, ...names.slice(done, done + FEW)], options);
      }
    },
    forget: ["buildx", "prune", "--builder", "farm", "--all", "--force"],
  };
}

function shellLoop(env: NodeJS.ProcessEnv): Other {
  return {
    name: "a shell's loop of docker build and docker push",
    flags: [],
    env,
    write: () => {},
    publish: async ({ source, names }, repository) => {
      for (const name of names) {
        const spec = `${repository}/${name}:${tagOf(source)}`;
        await run("docker", ["build", "--quiet", "--tag", spec, source.path(name)], { env });
        await run("docker", ["push", "--quiet", spec], { env });
      }
    },
    forget: ["builder", "prune", "--all", "--force"],
  };
}

function skaffold(env: NodeJS.ProcessEnv): Other {
  const args = ["build", "--cache-artifacts=false", "--interactive=false", "--update-check=false"];
  return {
    name: "skaffold build",
    flags: [],
    env,
    write: (images, repository) => images.writeSkaffold(repository, AT_ONCE),
    publish: async ({ source }, repository) => {
      const [host = ""] = repository.split("/");
      await run("skaffold", [...args, "--insecure-registry", host], { cwd: source.directory, env });
    },
    forget: ["builder", "prune", "--all", "--force"],
  };
}

function tagOf(source: Images["source"]): string {
  return source.head().slice(0, 7);
}

async function rowsOf(scene: Scene, other: Other, rounds: number): Promise<Row[]> {
  const { images, changed } = scene;
  const delay = () => ({ before: LINK / 2, after: LINK / 2 });
  const link = scene.far ? await RegistryProxy.start({ moods: [delay] }) : undefined;
  const name = registry.repository("publish");
  const ofOurs = link ? name.replace(registry.host, link.host) : name;
  const ofTheirs = `${ofOurs}-other`;
  const [ours, theirs] = [await imagesOf(images), await imagesOf(images)];
  other.write(theirs, ofTheirs);
  const flags = ["--repository", `${ofOurs}/{name}`, "--jobs", String(AT_ONCE), ...other.flags];
  const publish = () =>
    versionedImage(["publish", ...ours.names, ...flags], { cwd: ours.source.directory, env: other.env });
  /** Of one side, since a builder still writes down what it has built when the next one wants to build: what has changed, and then nothing. */
  const timesOf = async (side: Images, way: () => Promise<unknown>) => {
    // What is not changed later was published once.
    await way();
    const [some = 0] = await interleaved(rounds, [way], async () => {
      side.change(changed);
      if (scene.cold) {
        await run("docker", other.forget, { env: other.env });
      }
    });
    const [none = 0] = images === changed ? [] : await interleaved(rounds, [way]);
    return { some, none };
  };
  try {
    const one = await timesOf(ours, publish);
    const their = await timesOf(theirs, () => other.publish(theirs, ofTheirs));
    const row = atMost(
      1.15,
      `publish of ${describe(scene)} / ${other.name}, and a second`,
      one.some,
      their.some + MOMENT,
    );
    return images === changed
      ? [row]
      : [row, atMost(1.15, `publish of ${images} unchanged images / ${other.name}`, one.none, their.none)];
  } finally {
    ours.dispose();
    theirs.dispose();
    await link?.stop();
  }
}

function describe({ images, changed, cold, far }: Scene): string {
  const of = images === changed ? "" : ` of ${images}`;
  const builder = cold ? ", builder cold" : "";
  return `${changed}${of} changed image${images === 1 ? "" : "s"}${builder}${far ? `, link of ${LINK} ms` : ""}`;
}
