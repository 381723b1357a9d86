import { existsSync } from "node:fs";
import * as path from "node:path";
import { invalidArgument, VersionedImageError } from "../errors";
import { type Ended, runProgram } from "../runProgram";

/** How long buildx may take to read files, in milliseconds. */
const LIMIT = 60_000;
/** How many characters it may print. */
const LONGEST = 32 * 1024 * 1024;

/** What is asked of `docker buildx bake`. */
export interface BakeCall {
  /** One or several, later ones over earlier ones, relative to the working directory. */
  files: string[];
  /** Targets and groups. None: the group or target `default`. */
  targets: string[];
  /** The directory to run it in, relative to the working directory: the paths in a file are relative to it. */
  directory: string;
  /** Whether the builds' secrets and SSH agents are asked for: buildx fails where they are not there. */
  credentials: boolean;
  env: NodeJS.ProcessEnv;
}

/**
 * What `docker buildx bake --print` prints: nothing is built, and no builder is needed. Throws BakeFailed with buildx's own words,
 * InvalidArgument for what bake would take for a remote definition.
 */
export async function printBake(call: BakeCall, limitMs = LIMIT): Promise<string> {
  refuseRemote(call);
  const { files, targets, directory, credentials } = call;
  // Bake would make it an argument of every target.
  const { SOURCE_DATE_EPOCH: _, ...env } = call.env;
  const args = [
    "buildx",
    "bake",
    "--print",
    ...files.map((file) => `--file=${path.relative(directory, file)}`),
    ...(credentials ? [] : ["--set=*.secrets=", "--set=*.ssh="]),
    ...targets,
  ];
  const ended = await runProgram({
    ...{ program: "docker", args, env, cwd: directory },
    ...{ limitMs, tooSlow: `it did not finish within ${limitMs / 1000} seconds` },
    ...{ longest: LONGEST, tooLong: `it printed more than ${LONGEST} characters` },
  }).catch((error: NodeJS.ErrnoException) => {
    throw failed(call, error.code === "ENOENT" ? notStarted(directory) : error.message);
  });
  if (ended.status !== 0) {
    // What `--set` says where there is nothing to set.
    if (ended.stderr.includes("could not find any target matching '*'")) {
      throw describesNone(call);
    }
    throw failed(call, wordsOf(ended));
  }
  return ended.stdout;
}

/** A definition or a file that is fetched may be another one each time. */
function refuseRemote({ files, targets }: BakeCall): void {
  const file = files.find((name) => name === "" || name === "-" || /^[a-z][a-z0-9+.-]*:\/\/|^git@/i.test(name));
  if (file !== undefined) {
    throw invalidArgument(`Bake file ${JSON.stringify(file)} is not a local file. Name a file in the repository.`);
  }
  const target = targets.find((name) => !/^[\w][\w.-]*$/.test(name));
  if (target !== undefined) {
    throw invalidArgument(
      `${JSON.stringify(target)} is not a valid name of a bake target. Use letters, digits, _ and -.`,
    );
  }
}

/** Node says the same of a directory that is gone as of the program. */
function notStarted(directory: string): string {
  return existsSync(directory)
    ? "docker is not on PATH; install it with the buildx plugin"
    : `directory ${directory} does not exist`;
}

/** Why it failed, without the progress that it says before; where that is known, what to do. */
function wordsOf({ status, signal, stderr }: Ended): string {
  const words = stderr
    .split("\n")
    .filter((line) => !/^#\d+ /.test(line))
    .join("\n")
    .trim();
  if (/unknown (command|flag)|is not a docker command/.test(words)) {
    return `${words}\nThis needs the buildx plugin of docker. Install version 0.10 or later.`;
  }
  if (words.endsWith("failed to find target default")) {
    return `${words}\nThe file has no target or group with that name. Name the targets to use.`;
  }
  return words || (signal ? `it was ended by ${signal}` : `exit status ${status}`);
}

/** Of files without a target that can be built, such as a Compose file of others' images. */
export function describesNone({ files }: BakeCall): VersionedImageError {
  return new VersionedImageError(
    "BakeFailed",
    `${files.join(", ")} has no target that can be built. Name another file.`,
  );
}

function failed({ files, directory }: BakeCall, words: string): VersionedImageError {
  return new VersionedImageError(
    "BakeFailed",
    `\`docker buildx bake --print\` of ${files.join(", ")} in ${path.resolve(directory)} failed: ${words}`,
  );
}
