import { VersionedImageError } from "../errors";
import { type Ended, runProgram } from "../runProgram";
import type { Credentials } from "./credentials";

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
    throw failed(program, server, "it is not a valid name of a credential helper");
  }
  const ended = await runProgram({
    ...{ program, args: ["get"], env, input: server },
    ...{ limitMs, tooSlow: `it did not answer within ${limitMs / 1000} seconds` },
    ...{ longest: LONGEST, tooLong: `its answer is longer than ${LONGEST} characters` },
  }).catch((error: NodeJS.ErrnoException) => {
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
    throw failed(program, server, "its answer is not valid (JSON with Username and Secret)");
  }
  return found.identityToken || found.password ? found : undefined;
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

function failed(program: string, server: string, why: string): VersionedImageError {
  return new VersionedImageError(
    "CredentialsFailed",
    `${program}, set for ${server} in Docker's configuration, returned no credentials: ${why}. ` +
      "Install or repair it, or remove it from the configuration.",
  );
}
