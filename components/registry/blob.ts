import { createHash } from "node:crypto";
import { VersionedImageError } from "../errors";
import { type Descriptor, kindOf } from "./descriptor";
import { protocol } from "./failure";
import type { Fetcher, TransferFetcher } from "./fetcher";
import { verifyContent } from "./media";

/**
 * Reads a blob as it comes, whatever its size, and goes on after a cut where it broke off, as long as each try brings something. Its last byte
 * is given on only when all of it has the digest. "absent": the registry says that it does not have it. Throws RegistryProtocol where it is
 * another content or of another size, and what `write` throws.
 */
export async function streamBlob(
  { readBlob }: TransferFetcher,
  { digest, size }: Descriptor,
  write: (chunk: Buffer) => Promise<void>,
): Promise<"streamed" | "absent"> {
  const kind = kindOf(digest);
  const hash = createHash(kind);
  let received = 0;
  let isWhole = false;

  async function take(chunks: AsyncIterable<Buffer>, at: number, origin: string): Promise<void> {
    if (at > received) {
      throw protocol(origin, `byte ${at} of ${digest} instead of byte ${received}`);
    }
    let known = received - at;
    try {
      for await (const chunk of chunks) {
        const fresh = chunk.subarray(known);
        known -= chunk.length - fresh.length;
        received += fresh.length;
        if (received > size) {
          throw protocol(origin, `more than the ${size} bytes of ${digest}`);
        }
        if (fresh.length === 0) {
          continue;
        }
        hash.update(fresh);
        if (received === size) {
          verify(origin);
        }
        await write(fresh);
        isWhole = received === size;
      }
    } catch (error) {
      // An answer that breaks off behind its last byte lacks nothing.
      if (!isWhole || error instanceof VersionedImageError) {
        throw error;
      }
    }
    if (size === 0) {
      verify(origin);
    }
  }

  function verify(origin: string): void {
    const found = `${kind}:${hash.digest("hex")}`;
    if (found !== digest) {
      throw protocol(origin, `${found} under the digest ${digest}`);
    }
  }

  for (;;) {
    const before = received;
    try {
      const answer = await readBlob(digest, { from: () => received, take });
      if (answer.status === 404) {
        return "absent";
      }
      if (received < size) {
        throw protocol(answer.origin, `${received} bytes of ${digest}, which has ${size}`);
      }
      return "streamed";
    } catch (error) {
      const isCut = error instanceof VersionedImageError && error.code === "RegistryUnavailable";
      if (!isCut || received === before) {
        throw error;
      }
    }
  }
}

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
