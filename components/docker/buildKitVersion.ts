import { printedBy } from "./builtImage";

/** The oldest BuildKit that gives one commit one digest: the first that rewrites the times of files. */
export const OLDEST_BUILDKIT = "0.13";

/** By builder: a program has many images and few of these. */
const asked = new Map<string, Promise<string | undefined>>();

/**
 * The version of a builder's BuildKit if it is older than `OLDEST_BUILDKIT`, as `docker buildx inspect` says; undefined where it is not or
 * where nobody can tell: without the docker command, and of a builder that does not run yet.
 */
export function tooOldBuildKit(builder: string | undefined, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const key = builder ?? "";
  const args = ["buildx", "inspect", ...(builder === undefined ? [] : [builder])];
  const answer = asked.get(key) ?? printedBy(args, env).then(({ stdout }) => tooOld(stdout));
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
