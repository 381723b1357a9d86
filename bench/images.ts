import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { staticBusybox } from "../scripts/setup/baseImage";
import { type Repo, repo } from "../test/support/repo";

/** Half a second of one core's work, which a builder that is warm has kept. */
const DOCKERFILE = `FROM scratch
COPY sh /bin/sh
COPY lib /lib/app
RUN for part in 1 2 3 4 5; do dd if=/dev/zero bs=1M count=32; cat /lib/app; done 2>&1 | sha256sum > /built
COPY main /app
`;

let shell: Promise<Buffer> | undefined;

async function readShell(): Promise<Buffer> {
  const scratch = await mkdtemp(path.join(tmpdir(), "busybox-"));
  try {
    return await readFile(await staticBusybox(scratch));
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/** A repository with directories of images, which no other builder's cache knows. */
export async function imagesOf(count: number): Promise<Images> {
  shell ??= readShell();
  const sh = await shell;
  const source = repo();
  const names = Array.from({ length: count }, (_, number) => `app-${number}`);
  for (const name of names) {
    source.write(`${name}/Dockerfile`, DOCKERFILE).write(`${name}/sh`, sh, 0o755);
    source.write(`${name}/lib`, anything()).write(`${name}/main`, anything());
  }
  source.add().commit();
  return new Images(source, names);
}

export class Images {
  constructor(
    readonly source: Repo,
    readonly names: string[],
  ) {}

  /** Commits another content of so many of them. */
  change(count: number): void {
    for (const name of this.names.slice(0, count)) {
      this.source.write(`${name}/main`, anything());
    }
    this.source.add().commit();
  }

  /** What `docker buildx bake` builds of them, by the tag in TAG. */
  writeBake(repository: string): void {
    const target = Object.fromEntries(
      this.names.map((name) => [name, { context: name, tags: [`${repository}/${name}:\${TAG}`] }]),
    );
    const bake = { variable: { TAG: { default: "latest" } }, group: { default: { targets: this.names } }, target };
    this.source.write("docker-bake.json", JSON.stringify(bake)).add().commit();
  }

  /** What `skaffold build` builds of them. */
  writeSkaffold(repository: string, atOnce: number): void {
    const config = {
      apiVersion: "skaffold/v4beta11",
      kind: "Config",
      build: {
        artifacts: this.names.map((name) => ({ image: `${repository}/${name}`, context: name })),
        tagPolicy: { gitCommit: {} },
        local: { push: true, useDockerCLI: true, useBuildkit: true, concurrency: atOnce },
      },
    };
    this.source.write("skaffold.yaml", JSON.stringify(config)).add().commit();
  }

  dispose(): void {
    this.source.dispose();
  }
}

function anything(): string {
  return `${Math.random()}\n`;
}
