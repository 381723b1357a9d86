import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import * as path from "node:path";

/**
 * The credential helper that Docker's client takes where its configuration names no credentials at all: that of the system, if
 * it is on PATH. Undefined if there is none.
 */
export async function defaultStore(
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): Promise<string | undefined> {
  const preferred = await preferredStore(env, platform);
  return preferred && (await isOnPath(`docker-credential-${preferred}`, env, platform)) ? preferred : undefined;
}

async function preferredStore(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): Promise<string | undefined> {
  if (platform === "linux") {
    return (await isOnPath("pass", env, platform)) ? "pass" : "secretservice";
  }
  return { darwin: "osxkeychain", win32: "wincred" }[platform as string];
}

/** Whether a program is found on PATH. One in a directory that is not absolute is not run, nor is any after it looked for. */
async function isOnPath(program: string, env: NodeJS.ProcessEnv, platform: NodeJS.Platform): Promise<boolean> {
  const onWindows = platform === "win32";
  const directories = (env.PATH ?? env.Path ?? "").split(onWindows ? ";" : ":");
  for (const directory of directories) {
    if (await isProgram(path.join(directory || ".", onWindows ? `${program}.exe` : program))) {
      return path.isAbsolute(directory);
    }
  }
  return false;
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    // Not there, or not ours to run: the next may be.
    return false;
  }
}
