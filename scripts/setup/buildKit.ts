import { mkdir, symlink, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { cachedPrograms } from "./cached";
import { goCommand } from "./go";
import { ensurePlugins, standinOf } from "./plugins";
import { run, which } from "./run";
import { during, MissingError } from "./say";
import { type Service, startService } from "./service";
import { programsOfUnstable } from "./unstable";

const VERSION = "0.32.2";
const GO_MINOR = 26;

/** BuildKit's daemon and client, built from their Go module: the folder they are in. Throws MissingError where they can't be had. */
export async function ensureBuildKit(): Promise<string> {
  const go = await goCommand(GO_MINOR);
  if (!go) {
    throw new MissingError(`BuildKit ${VERSION} is built with Go 1.${GO_MINOR} or later, which is not on PATH`);
  }
  if (process.getuid?.() !== 0) {
    throw new MissingError("BuildKit's daemon needs root");
  }
  if (!which("runc")) {
    throw new MissingError("BuildKit needs runc");
  }
  return cachedPrograms(`buildkit-${VERSION}`, `Building BuildKit ${VERSION}`, async (scratch) => {
    // Its go.mod leaves out versions of others, which `go install` of a module refuses.
    await writeFile(path.join(scratch, "go.mod"), `module versioned-image/buildkit\n\ngo 1.${GO_MINOR}\n`);
    const env = { ...process.env, GOFLAGS: "-mod=mod", CGO_ENABLED: "0" };
    const packages = ["buildkitd", "buildctl"].map((name) => `github.com/moby/buildkit/cmd/${name}`);
    const steps = [
      ["get", ...packages.map((name) => `${name}@v${VERSION}`)],
      ["build", "-trimpath", "-o", `bin${path.sep}`, ...packages],
    ];
    for (const step of steps) {
      const done = run(go, step, { cwd: scratch, env, patient: true, timeout: BUILD_LIMIT });
      await during(`Building BuildKit ${VERSION} (go ${step[0]})`, done).catch((error: Error) => {
        throw new MissingError(`BuildKit ${VERSION} can't be built (${error.message})`);
      });
    }
  });
}

/** The `docker buildx` of today: Debian 12 has none. Throws MissingError where it can't be had. */
export async function ensureBuildx(): Promise<string> {
  const program = "libexec/docker/cli-plugins/docker-buildx";
  const bin = await programsOfUnstable("docker-buildx", ["docker-buildx"], [program], (folder) =>
    run(path.join(folder, "docker-buildx"), ["version"]),
  );
  return path.join(bin, "docker-buildx");
}

/** PATH with BuildKit's client, and with the stand-in for its provider where that can't be had. */
export async function pathWithBuildKit(programs: string, env: NodeJS.ProcessEnv): Promise<string> {
  const standins = await ensurePlugins("pulumi", env, ["docker-build"]);
  return [...standins.map(standinOf), programs, env.PATH].join(path.delimiter);
}

/** In milliseconds. */
const BUILD_LIMIT = 900_000;

export interface BuildKitOptions {
  /** Where it keeps its data. */
  home: string;
  /** The folder of its programs. */
  programs: string;
  /** The builder's name. */
  name: string;
  /** The `docker buildx` of its configuration. */
  buildx: string;
  /** Registries on this machine, which speak plain HTTP. */
  registries: string[];
  started(service: Service): void;
}

/**
 * Starts a daemon of its own, and returns a Docker configuration, for DOCKER_CONFIG, in which buildx knows it by its name. The driver remote
 * needs no Docker.
 */
export async function startBuildKit({
  home,
  programs,
  name,
  buildx,
  registries,
  started,
}: BuildKitOptions): Promise<string> {
  await mkdir(home, { recursive: true });
  const socket = path.join(home, "buildkitd.sock");
  const config = path.join(home, "buildkitd.toml");
  const plain = registries.map((host) => `[registry.${JSON.stringify(host)}]\n  http = true\n`).join("");
  await writeFile(
    config,
    `root = ${JSON.stringify(path.join(home, "root"))}\n[worker.containerd]\n  enabled = false\n${plain}`,
  );
  const address = `unix://${socket}`;
  await startService({
    command: path.join(programs, "buildkitd"),
    args: ["--config", config, "--addr", address],
    mark: config,
    logFile: path.join(home, "buildkitd.log"),
    answers: async () => {
      try {
        await run(path.join(programs, "buildctl"), ["--addr", address, "debug", "workers"]);
        return true;
      } catch {
        return false;
      }
    },
    started,
  });
  const dockerConfig = path.join(home, "docker");
  const instances = path.join(dockerConfig, "buildx", "instances");
  await mkdir(instances, { recursive: true });
  await mkdir(path.join(dockerConfig, "cli-plugins"));
  await symlink(buildx, path.join(dockerConfig, "cli-plugins", "docker-buildx"));
  const instance = { Name: name, Driver: "remote", Nodes: [{ Name: `${name}0`, Endpoint: address }], Dynamic: false };
  await writeFile(path.join(instances, name), JSON.stringify(instance));
  return dockerConfig;
}
