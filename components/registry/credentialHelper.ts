import { spawn } from "node:child_process";
import { VersionedImageError } from "../errors";
import type { Credentials } from "./dockerConfig";

/** How long a credential helper may take, in milliseconds. */
const LIMIT = 15_000;

/** Asks `docker-credential-NAME get` for a registry's credentials; undefined if it has none. Throws CredentialsFailed. */
export async function askHelper(
  name: string,
  server: string,
  env: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`;
  if (!/^[\w.-]+$/.test(name)) {
    throw failed(program, server, "that is no name for a credential helper");
  }
  const { status, output } = await run(program, server, env);
  if (status !== 0) {
    if (/credentials not found|no credentials server url|no credentials username/i.test(output)) {
      return undefined;
    }
    throw failed(program, server, output.trim().slice(0, 300) || `exit status ${status}`);
  }
  try {
    const { Username, Secret } = JSON.parse(output) as { Username?: string; Secret?: string };
    if (typeof Username === "string" && typeof Secret === "string") {
      return Username === "<token>"
        ? { identityToken: Secret }
        : Secret
          ? { username: Username, password: Secret }
          : undefined;
    }
  } catch {
    // What the parser says quotes the answer, and so may quote the secret.
  }
  throw failed(program, server, "its answer is not what a credential helper gives (Username and Secret in JSON)");
}

function run(
  program: string,
  input: string,
  env: NodeJS.ProcessEnv,
): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["get"], {
      env,
      stdio: ["pipe", "pipe", "ignore"],
      timeout: LIMIT,
      killSignal: "SIGKILL",
    });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      reject(failed(program, input, error.code === "ENOENT" ? "it is not on PATH" : error.message));
    });
    child.on("close", (status, signal) => {
      if (signal) {
        reject(failed(program, input, `it did not answer within ${LIMIT / 1000} seconds`));
      } else {
        resolve({ status, output });
      }
    });
    // A helper that does not read its input is seen by its answer.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

function failed(program: string, server: string, why: string): VersionedImageError {
  return new VersionedImageError(
    "CredentialsFailed",
    `${program}, which Docker's configuration names for ${server}, gave no credentials: ${why}. ` +
      "Install or repair it, or take it out of the configuration.",
  );
}
