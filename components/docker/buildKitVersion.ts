import { spawn } from "node:child_process";

/** The oldest BuildKit that gives one commit one digest: the first that rewrites the times of files. */
export const OLDEST_BUILDKIT = "0.13";

/** How long buildx may take to say what a builder is, in milliseconds. */
const LIMIT = 15_000;

/** By builder: a program has many images and few of these. */
const asked = new Map<string, Promise<string | undefined>>();

/**
 * The version of a builder's BuildKit if it is older than `OLDEST_BUILDKIT`, as `docker buildx inspect` says; undefined where it is not or
 * where nobody can tell: without the docker command, and of a builder that does not run yet.
 */
export function tooOldBuildKit(builder: string | undefined, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const key = builder ?? "";
  const answer = asked.get(key) ?? inspect(builder, env).then((printed) => tooOld(printed));
  asked.set(key, answer);
  return answer;
}

/** The oldest version in what `docker buildx inspect` prints, if it is too old. */
export function tooOld(printed: string): string | undefined {
  const versions = [...printed.matchAll(/^\s*BuildKit(?: version)?:\s*v?(\d+)\.(\d+)(\S*)\s*$/gm)];
  const old = versions.find(([, major, minor, rest]) => major === "0" && Number(minor) < 13 && !isUnknown(minor, rest));
  return old && `${old[1]}.${old[2]}${old[3]}`;
}

/** What was built without a version calls itself 0.0.0. */
function isUnknown(minor: string | undefined, rest: string | undefined): boolean {
  return minor === "0" && (rest ?? "").startsWith(".0");
}

function inspect(builder: string | undefined, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve) => {
    const args = ["buildx", "inspect", ...(builder === undefined ? [] : [builder])];
    const child = spawn("docker", args, { env, timeout: LIMIT, stdio: ["ignore", "pipe", "ignore"] });
    let printed = "";
    child.stdout.on("data", (chunk) => {
      printed += chunk;
    });
    // It is asked for a warning alone; what is wrong with the builder, the build will say.
    child.on("error", () => resolve(""));
    child.on("close", () => resolve(printed));
  });
}
