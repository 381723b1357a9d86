import type { Fetcher } from "./fetcher";
import { verifyContent } from "./media";

/** What is under a blob's digest, checked against it; undefined if the registry does not have it. Throws RegistryProtocol. */
export async function fetchBlob(
  { other }: Fetcher,
  digest: string,
  limit: number | undefined,
): Promise<Buffer | undefined> {
  const answer = await other(`blobs/${digest}`, limit);
  if (answer.status === 404) {
    return undefined;
  }
  verifyContent(answer, digest);
  return answer.body;
}
