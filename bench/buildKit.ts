import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { registry } from "../test/support/registry";
import { repo } from "../test/support/repo";
import { done, emptyUpdate, stackOf, VERSIONED } from "./engine";
import { atMost, interleaved, type Row } from "./row";

const run = promisify(execFile);

/** A changed image's update with BuildKit, against `docker buildx build --push` of the same files and Pulumi's own time. */
export async function buildKitRow(dockerConfig: string, rounds: number): Promise<Row> {
  const source = repo().write("Pulumi.yaml", "name: bench\nruntime: nodejs\n").write(".gitignore", "Pulumi.*.yaml\n");
  source.write("app-0/Dockerfile", "FROM scratch\nCOPY . /app\n").write("app-0/main", "0\n").add().commit();
  const name = registry.repository("buildkit");
  const env = { ...process.env, DOCKER_CONFIG: dockerConfig };
  const stack = stackOf(source, VERSIONED, name, 1, { build: { builder: "BuildKit", builderName: "farm" } }, env);
  try {
    done(await stack.up());
    const script = () => {
      const spec = `${name}-script:${source.head().slice(0, 7)}`;
      const args = ["--builder", "farm", "--provenance=false", "--no-cache", "--push", "--tag", spec];
      return run("docker", ["buildx", "build", ...args, source.path("app-0")], { env });
    };
    const [ours, theirs, engine] = await interleaved(
      rounds,
      [async () => done(await stack.up()), script, () => emptyUpdate(source)],
      (round) => source.write("app-0/main", `${round} ${Math.random()}\n`).add().commit(),
    );
    return atMost(
      1.15,
      "a changed image's update with BuildKit / docker buildx build --push plus Pulumi's own time",
      ours as number,
      (theirs as number) + (engine as number),
    );
  } finally {
    stack.forget();
    source.dispose();
  }
}
