import { execFile } from "node:child_process";

/** How long the daemon may take to say what an image is, in milliseconds. */
const LIMIT = 10_000;

/**
 * What Docker's daemon has built under a name: the digest of its configuration or, with the image store of containerd, of its manifest, as `docker
 * image inspect` says. Undefined where that can't be asked.
 */
export function builtImageId(name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  return new Promise((resolve) => {
    const args = ["image", "inspect", "--format", "{{.Id}}", name];
    execFile("docker", args, { env, timeout: LIMIT }, (_error, stdout) => {
      // Podman leaves out the algorithm.
      const [digits] = /[0-9a-f]{64}(?=\s*$)/.exec(stdout) ?? [];
      resolve(digits && `sha256:${digits}`);
    });
  });
}
