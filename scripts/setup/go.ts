import { run, which } from "./run";

/** The go command, if it is there and not older than so many minor versions of Go 1. */
export async function goCommand(minorNeeded: number): Promise<string | undefined> {
  const go = which("go");
  if (!go) {
    return undefined;
  }
  const [, major = 0, minor = 0] = (/go(\d+)\.(\d+)/.exec(await run(go, ["version"])) ?? []).map(Number);
  return major > 1 || (major === 1 && minor >= minorNeeded) ? go : undefined;
}
