import { isDigest, kindOf, type Manifest, type ManifestContent } from "./descriptor";
import type { Fetcher } from "./fetcher";
import { digestIn, isKnownType, statedDigest, typeOf, verifyContent } from "./media";
import type { Answer } from "./request";

/** What is under a tag or digest, by HEAD where that says it all. */
export async function resolveManifest(fetcher: Fetcher, reference: string): Promise<Manifest | undefined> {
  const answer = await fetcher.manifest("HEAD", reference);
  if (answer.status === 404) {
    return undefined;
  }
  if (answer.method === "HEAD") {
    const named = isDigest(reference) ? reference : undefined;
    const stated = statedDigest(answer, (digest) => (named && kindOf(named) === kindOf(digest) ? named : digest));
    if (stated !== undefined && isKnownType(answer)) {
      return { digest: named ?? stated, mediaType: typeOf(answer) };
    }
  }
  const found = answer.method === "HEAD" ? await fetchManifest(fetcher, reference) : contentOf(answer, reference);
  return found && { digest: found.digest, mediaType: found.mediaType };
}

/** The manifest under a tag or digest, its bytes checked against the digest that was asked for or is stated. */
export async function fetchManifest(fetcher: Fetcher, reference: string): Promise<ManifestContent | undefined> {
  const answer = await fetcher.manifest("GET", reference);
  return answer.status === 404 ? undefined : contentOf(answer, reference);
}

/** The manifest in an answer, checked against the digest that was asked for or is stated. */
export function contentOf(answer: Answer, reference: string): ManifestContent {
  const mediaType = typeOf(answer);
  const stated = statedDigest(answer, (digest) => digestIn(answer, digest));
  const digest = isDigest(reference) ? reference : (stated ?? digestIn(answer));
  verifyContent(answer, digest);
  return { digest, mediaType, bytes: answer.body };
}
