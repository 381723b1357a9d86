import { setTimeout as sleep } from "node:timers/promises";
import { fetchBlob } from "./blob";
import { type ExplicitAuth, explicitCredentials } from "./credentials";
import { DELETE_REFUSALS, type Deletion, deleteManifest } from "./deleteManifest";
import type { Manifest, ManifestContent } from "./descriptor";
import { userCredentials } from "./dockerConfig";
import type { Fetcher, TransferFetcher } from "./fetcher";
import { type ImageConfig, inspectImage, inspectImages } from "./inspect";
import { type Labelled, labelImage } from "./labelImage";
import type { Place } from "./logins";
import { ACCEPT, fetchManifest, INDEX_TYPES, resolveManifest } from "./media";
import { parseRepository } from "./reference";
import { NO_REFERRERS } from "./referrers";
import { pauseBefore } from "./retry";
import { type Call, createSession } from "./session";
import { type StrictCalls, strictCalls } from "./strictCalls";
import { type Refusal, TAG_REFUSALS, tagManifest } from "./tagManifest";
import { listTags, type TagList } from "./tags";
import { type Transfers, transfersOf } from "./transfers";
import { MOUNT_REFUSALS, NO_HEAD, UPLOADS, uploadAddress } from "./upload";

/**
 * Asks registries what they hold, and writes tags. A registry that does not answer clearly is an error, never a guess: RegistryUnauthorized,
 * RegistryUnavailable (3 tries of 10 seconds at most, and pauses of 10 seconds at most between them), RegistryProtocol, or
 * CredentialsFailed.
 */
export interface RegistryClient {
  /** What is under a tag or digest; undefined only if the registry, or its token service, says that there is nothing (404). */
  resolve(repository: string, reference: string): Promise<Manifest | undefined>;
  /**
   * The same with the manifest's bytes, which are checked against its digest. Always by GET; with a login for pushing where that is
   * what follows, so that it is made by then.
   */
  manifest(repository: string, reference: string, access?: "pull" | "push"): Promise<ManifestContent | undefined>;
  /**
   * What an image says of itself, its content checked against the digests. Of an index, the image for the platform is
   * looked at. Throws PlatformNotFound if it has several, and none for that, and NotAnImage for an artifact, for schema 1, and where a part of
   * it is not there.
   */
  inspect(repository: string, digest: string, platform: string): Promise<ImageConfig>;
  /**
   * The same of each image of an index, in its order; of what is no index, of the one image. Throws
   * PlatformNotFound if there is none, and NotAnImage as `inspect` does.
   */
  inspectAll(repository: string, digest: string): Promise<ImageConfig[]>;
  /** What is under a blob's digest, 8 MiB at most by default, checked against it; undefined if the registry does not have it. */
  blob(repository: string, digest: string, limit?: number): Promise<Buffer | undefined>;
  /** All tags of a repository; none if there is no such repository. */
  tags(repository: string): Promise<string[]>;
  /** The same, with the names in the registry's list that can be no tags and are left out. */
  listTags(repository: string): Promise<TagList>;
  /**
   * Puts a manifest's own bytes under a tag, with a login for pushing. What the registry refuses (400, 403, 404, 405, 409,
   * 412, 413, 415, 422) is a value with its words: registries with immutable tags say one of these where somebody else was first.
   * What is served after that must be read: RegistryProtocol is thrown only where the registry itself names another digest.
   */
  tag(repository: string, tag: string, manifest: ManifestContent): Promise<"tagged" | Refusal>;
  /**
   * Makes the labelled image of what is under a digest: its configuration with the labels, each in place of one that is there
   * (an empty value means none), and the manifest of that, which is put under its own digest and has no tag yet. OCI manifests get them as
   * annotations, too. Of an index, each image is labelled. The same content and labels give the same bytes, whoever does it.
   * Throws NotAnImage for an artifact and for schema 1, and PlatformNotFound for an index without an image.
   */
  label(repository: string, digest: string, labels: Record<string, string>): Promise<Labelled>;
  /**
   * Work that is done back to back with a registry: its calls are sent once each, within one turn of the host's, with a login for
   * pushing that was made before. One that ends meanwhile is renewed when the turn is over. The work asks the client for nothing else:
   * that could wait for a turn.
   */
  inOneTurn<T>(repository: string, work: (strict: StrictCalls) => Promise<T>): Promise<T>;
  /** What a repository gives to others, and with a login for pushing takes from them. */
  transfers(repository: string): Transfers;
  /** Deletes a tag, or by digest a manifest with all its tags, with a login for pushing. */
  delete(repository: string, digestOrTag: string): Promise<Deletion>;
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
  const { call, inOneTurn } = createSession({
    env,
    timeoutMs,
    pauseMs,
    credentials: async (host) => explicitCredentials(auth, host) ?? userCredentials(host, env),
  });

  function fetcher(repository: string, access: "pull" | "push" = "pull"): Fetcher {
    const { host, name } = parseRepository(repository);
    const push = { host, name, access: "push", limit: OTHER_LIMIT, refusals: TAG_REFUSALS } as const;
    return {
      name,
      manifest: (method, reference) => call(manifestCall({ host, name, access }, method, reference)),
      other: (path, limit = OTHER_LIMIT) => call({ method: "GET", access, host, name, path, limit }),
      beginUpload: () => call({ ...push, method: "POST", path: UPLOADS }),
      endUpload: (begun, digest, bytes) =>
        call({
          ...push,
          method: "PUT",
          path: uploadAddress(begun, name, digest, env).href,
          content: { type: "application/octet-stream", bytes },
        }),
      putManifest: (reference, content) => call(putCall(push, reference, content)),
      deleteManifest: (reference) =>
        call({
          method: "DELETE",
          access: "delete",
          host,
          name,
          path: `manifests/${reference}`,
          limit: MANIFEST_LIMIT,
          refusals: DELETE_REFUSALS,
        }),
    };
  }

  function transferFetcher(repository: string): TransferFetcher {
    const { host, name } = parseRepository(repository);
    const pull = { host, name, access: "pull", method: "GET", limit: OTHER_LIMIT } as const;
    const push = { host, name, access: "push", limit: OTHER_LIMIT, refusals: TAG_REFUSALS } as const;
    return {
      hasBlob: (digest) => call({ ...push, method: "HEAD", path: `blobs/${digest}`, refusals: NO_HEAD }),
      readBlob: (digest, inflow) => call({ ...pull, path: `blobs/${digest}`, inflow }),
      mountBlob: (digest, mountFrom) =>
        call({
          ...push,
          method: "POST",
          path: `${UPLOADS}?${new URLSearchParams({ mount: digest, from: mountFrom })}`,
          mountFrom,
          refusals: MOUNT_REFUSALS,
        }),
      beginUpload: () => call({ ...push, method: "POST", path: UPLOADS }),
      sendBlob: (begun, digest, bytes) =>
        call({
          ...push,
          method: "PUT",
          path: uploadAddress(begun, name, digest, env).href,
          content: { type: "application/octet-stream", bytes },
          tries: 1,
        }),
      putManifest: (reference, content) => call(putCall(push, reference, content)),
      referrers: (digest, query) =>
        call({ ...pull, path: `referrers/${digest}${query}`, accept: INDEX_TYPES[0], refusals: NO_REFERRERS }),
      pauseBefore: (nextTry) => sleep((pauseBefore(nextTry, null, new Date()) ?? 0) * pauseMs),
    };
  }

  async function turnFor<T>(repository: string, work: (strict: StrictCalls) => Promise<T>): Promise<T> {
    const { host, name } = parseRepository(repository);
    const place = { host, name, access: "push" } as const;
    return inOneTurn(place, (once) =>
      work(
        strictCalls({
          manifest: (tag) => once(manifestCall(place, "GET", tag)),
          putManifest: (tag, content) => once(putCall(place, tag, content)),
        }),
      ),
    );
  }

  return {
    resolve: async (repository, reference) => resolveManifest(fetcher(repository), reference),
    manifest: async (repository, reference, access) => fetchManifest(fetcher(repository, access), reference),
    inspect: async (repository, digest, platform) => inspectImage(fetcher(repository), digest, platform),
    inspectAll: async (repository, digest) => inspectImages(fetcher(repository), digest),
    tags: async (repository) => (await listTags(fetcher(repository))).tags,
    listTags: async (repository) => listTags(fetcher(repository)),
    label: async (repository, digest, labels) => labelImage(fetcher(repository, "push"), digest, labels),
    blob: async (repository, digest, limit) => fetchBlob(fetcher(repository), digest, limit),
    tag: async (repository, tag, manifest) => tagManifest(fetcher(repository), tag, manifest),
    inOneTurn: turnFor,
    transfers: (repository) => transfersOf(transferFetcher(repository)),
    delete: async (repository, digestOrTag) => deleteManifest(fetcher(repository), digestOrTag),
  };
}

function manifestCall(place: Place, method: "GET" | "HEAD", reference: string): Call {
  return { ...place, method, path: `manifests/${reference}`, accept: ACCEPT, limit: MANIFEST_LIMIT };
}

function putCall(place: Place, reference: string, { mediaType, bytes }: ManifestContent): Call {
  return {
    ...place,
    method: "PUT",
    path: `manifests/${reference}`,
    content: { type: mediaType, bytes },
    limit: MANIFEST_LIMIT,
    refusals: TAG_REFUSALS,
  };
}
