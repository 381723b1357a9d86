import { userCredentials } from "./dockerConfig";
import { type ExplicitAuth, explicitCredentials } from "./explicitAuth";
import type { Fetcher } from "./fetcher";
import { type ImageConfig, inspectImage } from "./inspect";
import { ACCEPT, digestOf, isDigest, statedDigest, typeOf } from "./media";
import { parseRepository } from "./reference";
import { createSession } from "./session";
import { listTags } from "./tags";

/**
 * Asks registries what they hold. A registry that does not answer clearly is an error, never a guess: RegistryUnauthorized,
 * RegistryUnavailable (3 tries of 10 seconds at most, and pauses of 10 seconds at most between them), RegistryProtocol, or
 * CredentialsFailed.
 */
export interface RegistryClient {
  /** What is under a tag or digest; undefined only if the registry, or its token service, says that there is nothing (404). */
  resolve(repository: string, reference: string): Promise<Manifest | undefined>;
  /**
   * What an image says of itself, its content checked against the digests. Of an index, the image for the platform is
   * looked at. Throws PlatformNotFound if it has several, and none for that.
   */
  inspect(repository: string, digest: string, platform: string): Promise<ImageConfig>;
  /** All tags of a repository; none if there is no such repository. */
  tags(repository: string): Promise<string[]>;
}

export interface Manifest {
  digest: string;
  mediaType: string;
}

export interface ClientOptions {
  /** Credentials in place of the user's. */
  auth?: ExplicitAuth;
  env?: NodeJS.ProcessEnv;
  /** How long one request may take, in milliseconds. Default: 10 seconds. */
  timeoutMs?: number;
  /** How long a second lasts in the pauses between tries, in milliseconds. Default: 1000. */
  pauseMs?: number;
}

const MANIFEST_LIMIT = 4 * 1024 * 1024;
const OTHER_LIMIT = 8 * 1024 * 1024;

/** A client that logs in to each repository once, asks for a host's credentials once, and keeps connections open. */
export function createRegistryClient(options: ClientOptions = {}): RegistryClient {
  const { auth, env = process.env, timeoutMs = 10_000, pauseMs = 1_000 } = options;
  const { call } = createSession({
    env,
    timeoutMs,
    pauseMs,
    credentials: async (host) => explicitCredentials(auth, host) ?? userCredentials(host, env),
  });

  function fetcher(repository: string): Fetcher {
    const { host, name } = parseRepository(repository);
    return {
      name,
      manifest: (method, reference) =>
        call({ method, host, name, path: `manifests/${reference}`, accept: ACCEPT, limit: MANIFEST_LIMIT }),
      other: (path) => call({ method: "GET", host, name, path, limit: OTHER_LIMIT }),
    };
  }

  return {
    resolve: async (repository, reference) => resolveManifest(fetcher(repository), reference),
    inspect: async (repository, digest, platform) => inspectImage(fetcher(repository), digest, platform),
    tags: async (repository) => listTags(fetcher(repository)),
  };
}

async function resolveManifest({ manifest }: Fetcher, reference: string): Promise<Manifest | undefined> {
  const expected = isDigest(reference) ? reference : undefined;
  const head = await manifest("HEAD", reference);
  if (head.status === 404) {
    return undefined;
  }
  const digest = statedDigest(head, expected);
  if (digest !== undefined) {
    return { digest, mediaType: typeOf(head) };
  }
  const answer = await manifest("GET", reference);
  if (answer.status === 404) {
    return undefined;
  }
  const computed = digestOf(answer.body);
  statedDigest(answer, computed);
  return { digest: computed, mediaType: typeOf(answer) };
}
