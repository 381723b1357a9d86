import { execFile } from "node:child_process";

/** How long docker may take for one answer, in milliseconds. */
const LIMIT = 10_000;

/** What docker prints, as far as it does: it is asked for what makes a message clearer, and what is wrong with it will be said elsewhere. */
export function printedBy(args: string[], env: NodeJS.ProcessEnv): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile("docker", args, { env, timeout: LIMIT, maxBuffer: 64 << 20 }, (_error, stdout, stderr) =>
      resolve({ stdout, stderr }),
    );
  });
}

/**
 * What Docker's daemon has built under a name: the digest of its configuration or, with the image store of containerd, of its manifest, as `docker
 * image inspect` says. Undefined where that can't be asked.
 */
export async function builtImageId(name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { stdout } = await printedBy(["image", "inspect", "--format", "{{.Id}}", name], env);
  // Podman leaves out the algorithm.
  const [digits] = /[0-9a-f]{64}(?=\s*$)/.exec(stdout) ?? [];
  return digits && `sha256:${digits}`;
}
