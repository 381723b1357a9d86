import { spawn } from "node:child_process";

/** The docker command of a build: its flags, and its run. */

/** What `docker build` and `docker buildx build` are told of an image, by the names of their options. */
export interface BuildSettings {
  platforms: string[];
  /** The Dockerfile, as a path that docker can read. */
  file: string;
  target: string | undefined;
  args: Record<string, string>;
  /** Default: none. */
  labels?: Record<string, string>;
  contexts?: Record<string, string>;
  secrets?: string[];
  ssh?: string[];
  cacheFrom?: string[];
  cacheTo?: string[];
  network?: string;
  hosts?: string[];
}

/** Those options, as the command line has them. */
export function buildSettings(settings: BuildSettings): string[] {
  const { platforms, file, target, network, args, labels = {}, contexts = {} } = settings;
  const { secrets = [], ssh = [], cacheFrom = [], cacheTo = [], hosts = [] } = settings;
  return [
    ...["--platform", platforms.join(",")],
    ...["--file", file],
    ...(target === undefined ? [] : ["--target", target]),
    ...(network === undefined ? [] : ["--network", network]),
    ...each("--build-arg", pairs(args)),
    ...each("--label", pairs(labels)),
    ...each("--build-context", pairs(contexts)),
    ...each("--secret", secrets),
    ...each("--ssh", ssh),
    ...each("--cache-from", cacheFrom),
    ...each("--cache-to", cacheTo),
    ...each("--add-host", hosts),
  ];
}

function each(option: string, values: string[]): string[] {
  return values.flatMap((value) => [option, value]);
}

function pairs(values: Record<string, string>): string[] {
  return Object.entries(values).map(([name, value]) => `${name}=${value}`);
}

/** How a docker command ended. */
export interface Ended {
  /** Why it failed, in words; undefined if it did not. */
  failure: string | undefined;
  /** The end of what it printed. */
  output: string;
}

export interface DockerOptions {
  env: NodeJS.ProcessEnv;
  /** Ends the command. */
  signal?: AbortSignal;
}

/** How long a command may take, in milliseconds: an hour. */
const LIMIT = 60 * 60 * 1000;

/** How many characters of its last output are kept. */
const LONGEST = 4_000;

/** Runs the docker command, and keeps the end of what it prints. */
export function runDocker(args: string[], { env, signal }: DockerOptions): Promise<Ended> {
  return new Promise((resolve) => {
    // The timeout of spawn would keep this program alive where docker can't be started.
    const limit = AbortSignal.timeout(LIMIT);
    const ending = signal ? AbortSignal.any([signal, limit]) : limit;
    const child = spawn("docker", args, {
      // Buildx would ask git seven times about the directory that the files of a commit were written to.
      env: { ...env, BUILDX_GIT_INFO: "false" },
      signal: ending,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const keep = (chunk: Buffer) => {
      output = `${output}${chunk}`.slice(-LONGEST);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    let failure: string | undefined;
    child.on("error", (error) => {
      failure = limit.aborted ? "it took longer than an hour" : `docker can't be started (${error.message})`;
    });
    child.on("close", (status, killed) => {
      if (status !== 0) {
        failure ??= killed ? `it was ended by ${killed}` : `exit status ${status}`;
      }
      resolve({ failure, output: output.trim() });
    });
  });
}
