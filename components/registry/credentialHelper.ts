import { spawn } from "node:child_process";
import { VersionedImageError } from "../errors";
import type { Credentials } from "./dockerConfig";

/** How long a credential helper may take, in milliseconds. */
const LIMIT = 15_000;
/** How many characters it may say. */
const LONGEST = 1024 * 1024;

/** Asks `docker-credential-NAME get` for a registry's credentials; undefined if it has none. Throws CredentialsFailed. */
export async function askHelper(
  name: string,
  server: string,
  env: NodeJS.ProcessEnv,
  limitMs = LIMIT,
): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`;
  if (!/^[\w.-]+$/.test(name)) {
    throw failed(program, server, "that is no name for a credential helper");
  }
  const ended = await run(program, server, env, limitMs).catch((error: NodeJS.ErrnoException) => {
    throw failed(program, server, error.code === "ENOENT" ? "it is not on PATH" : error.message);
  });
  if (ended.status !== 0) {
    // Docker's own word for this, by which every helper says it.
    if (ended.stdout.includes("credentials not found in native keychain")) {
      return undefined;
    }
    throw failed(program, server, wordsOf(ended));
  }
  const found = credentialsIn(ended.stdout);
  if (!found) {
    throw failed(program, server, "its answer is not what a credential helper gives (Username and Secret in JSON)");
  }
  return found.identityToken || found.password ? found : undefined;
}

interface Ended {
  status: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

function credentialsIn(stdout: string): Credentials | undefined {
  try {
    const { Username, Secret } = Object(JSON.parse(stdout)) as { Username?: unknown; Secret?: unknown };
    if (typeof Username === "string" && typeof Secret === "string") {
      return Username === "<token>" ? { identityToken: Secret } : { username: Username, password: Secret };
    }
  } catch {
    // What the parser says quotes the answer, and so may quote the secret.
  }
  return undefined;
}

/** Why a helper failed: Docker has them say it on standard output, but some use the other. */
function wordsOf({ status, signal, stdout, stderr }: Ended): string {
  // What has the form of an answer may hold the secret.
  const words = [stdout, stderr].map((text) => (/[{}]|secret/i.test(text) ? "" : text.replace(/\s+/g, " ").trim()));
  return words.find((text) => text !== "")?.slice(0, 300) ?? (signal ? `ended by ${signal}` : `exit status ${status}`);
}

function run(program: string, input: string, env: NodeJS.ProcessEnv, limitMs: number): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["get"], { env });
    const giveUp = (why: string) => {
      child.kill("SIGKILL");
      // A process that the helper started may still hold these open.
      child.stdout.destroy();
      child.stderr.destroy();
      reject(new Error(why));
    };
    const timer = setTimeout(() => giveUp(`it did not answer within ${limitMs / 1000} seconds`), limitMs);
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        output[name] += text;
        if (output[name].length > LONGEST) {
          giveUp(`its answer is longer than ${LONGEST} characters`);
        }
      });
    }
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      resolve({ status, signal, ...output });
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
