import { execFile } from "node:child_process";
import * as path from "node:path";
import { promisify } from "node:util";
import { count as counted } from "../cli/output";
import { registry } from "../test/support/registry";
import { type Repo, repo } from "../test/support/repo";
import { atMost, interleaved, type Row } from "./row";

const ROOT = path.resolve(__dirname, "..");
/** The command line as users have it. */
const MAIN = path.join(ROOT, "dist", "cli", "main.js");
const run = promisify(execFile);

export interface PublishBenchOptions {
  /** Numbers of images in one call. */
  images: number[];
  rounds: number;
  /** The Docker configuration that has the builder `farm`; undefined where BuildKit can't be had. */
  dockerConfig: string | undefined;
}

/**
 * `versioned-image publish` of images that have changed, against what builds and pushes the same: `docker buildx bake --push`, and a shell's
 * loop of `docker build` and `docker push`. Each side has files of its own, so that none finds the other's layers. Last of images that have not
 * changed, against what changed ones take.
 */
export async function publishRows({ images, rounds, dockerConfig }: PublishBenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const count of images) {
    if (dockerConfig !== undefined) {
      rows.push(await bakeRow(count, rounds, dockerConfig));
    }
    // Not by the builder that a Docker of old has, where a client of today finds no buildx.
    const env = { ...process.env, ...(dockerConfig && { DOCKER_CONFIG: dockerConfig, BUILDX_BUILDER: "default" }) };
    rows.push(...(await loopRows(count, rounds, env)));
  }
  return rows;
}

/** So many images, as directories and as a bake file. */
function imagesOf(count: number, repository: string): Repo {
  const source = repo();
  const names = Array.from({ length: count }, (_, number) => `app-${number}`);
  for (const name of names) {
    source.write(`${name}/Dockerfile`, "FROM scratch\nCOPY . /app\n").write(`${name}/main`, "0\n");
  }
  const target = Object.fromEntries(
    names.map((name) => [name, { context: name, tags: [`${repository}/${name}:\${TAG}`] }]),
  );
  const bake = { variable: { TAG: { default: "latest" } }, group: { default: { targets: names } }, target };
  return source.write("docker-bake.json", JSON.stringify(bake)).add().commit();
}

function change(source: Repo, count: number, round: number): void {
  for (let number = 0; number < count; number++) {
    source.write(`app-${number}/main`, `${round} ${number} ${Math.random()}\n`);
  }
  source.add().commit();
}

function publish(source: Repo, args: string[], env: NodeJS.ProcessEnv): Promise<unknown> {
  return run(process.execPath, [MAIN, "publish", ...args], { cwd: source.directory, env });
}

async function bakeRow(count: number, rounds: number, dockerConfig: string): Promise<Row> {
  const name = registry.repository("publish");
  const [ours, theirs] = [imagesOf(count, name), imagesOf(count, `${name}-bake`)];
  const env = { ...process.env, DOCKER_CONFIG: dockerConfig };
  const bake = (): Promise<unknown> => {
    const args = ["buildx", "bake", "--builder", "farm", "--push", "--provenance=false"];
    return run("docker", args, { cwd: theirs.directory, env: { ...env, TAG: theirs.head().slice(0, 7) } });
  };
  try {
    const [one = 0, other = 1] = await interleaved(
      rounds,
      [() => publish(ours, ["--bake", "docker-bake.json", "--builder", "farm"], env), bake],
      (round) => {
        change(ours, count, round);
        change(theirs, count, round);
      },
    );
    return atMost(1.15, `publish --bake of ${counted(count, "image")} / docker buildx bake --push`, one, other);
  } finally {
    ours.dispose();
    theirs.dispose();
  }
}

async function loopRows(count: number, rounds: number, env: NodeJS.ProcessEnv): Promise<Row[]> {
  const name = registry.repository("publish-loop");
  const [ours, theirs] = [imagesOf(count, name), imagesOf(count, `${name}-script`)];
  const names = Array.from({ length: count }, (_, number) => `app-${number}`);
  const args = [...names, "--repository", `${name}/{name}`];
  const loop = async () => {
    for (const each of names) {
      const spec = `${name}-script/${each}:${theirs.head().slice(0, 7)}`;
      await run("docker", ["build", "--quiet", "--tag", spec, theirs.path(each)], { env });
      await run("docker", ["push", "--quiet", spec], { env });
    }
  };
  try {
    const [one = 0, other = 1] = await interleaved(rounds, [() => publish(ours, args, env), loop], (round) => {
      change(ours, count, round);
      change(theirs, count, round);
    });
    const [unchanged = 0] = await interleaved(rounds, [() => publish(ours, args, env)]);
    const images = counted(count, "image");
    return [
      atMost(1.15, `publish of ${images} / a shell's loop of docker build and docker push`, one, other),
      atMost(0.5, `publish of ${images} that have not changed / that have`, unchanged, one),
    ];
  } finally {
    ours.dispose();
    theirs.dispose();
  }
}
