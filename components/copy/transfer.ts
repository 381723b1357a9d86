import { PassThrough } from "node:stream";
import { forEachFew, slots } from "../concurrency";
import { AT_ONCE, type Descriptor, parseRepository } from "../registry";
import { lacking, pushRefused } from "./errors";
import type { Content, Place } from "./graph";

/** How many bytes of a blob are held between the two registries, at the most, beside what the connections hold. */
const HELD = 256 * 1024;

/**
 * So many blobs are on their way at once, in all of the process: each takes one of a host's turns for reading and one for writing, and where
 * both are of one registry, all of them must find room.
 */
const takeSlot = slots(Math.floor(AT_ONCE / 2));

/** What was done with the blobs of a content. */
export interface Transferred {
  /** The repository had them. */
  there: number;
  /** Its registry had them in the source's repository. */
  mounted: number;
  sent: number;
  /** How many bytes were sent. */
  bytes: number;
}

export interface TransferOptions {
  /** What was run, for messages. */
  command: string;
  /** Is told of bytes that were sent. */
  sent(bytes: number): void;
  /** Throws what ends the copy before its next blob or manifest. Default: nothing does. */
  proceed?(): void;
}

/**
 * Has a repository have all of a content: blobs first, then each manifest after what it holds, byte for byte and under its digest alone.
 * Returns what was done, and which manifests the registry lists itself for what they refer to.
 * Throws NotCopyable, PushRefused, and what the registry client throws.
 */
export async function transfer(
  content: Content,
  from: Place,
  to: Place,
  options: TransferOptions,
): Promise<{ done: Transferred; listed: Set<string> }> {
  const done: Transferred = { there: 0, mounted: 0, sent: 0, bytes: 0 };
  const target = to.registry.transfers(to.repository);
  const { digest } = content.root;
  await forEachFew(content.blobs, AT_ONCE, async (blob) => {
    const put = await takeSlot(async () => {
      options.proceed?.();
      const chunks = () => chunksOf(blob, from, digest, options);
      return target.putBlob(blob, { mountFrom: mountable(from, to), chunks });
    });
    if (typeof put !== "string") {
      throw pushRefused(to.repository, digest, `the blob ${blob.digest} (${blob.size} bytes)`, put, options.command);
    }
    if (put === "uploaded") {
      done.sent++;
      done.bytes += blob.size;
    } else {
      done[put]++;
    }
  });
  const listed = new Set<string>();
  for (const manifest of content.manifests) {
    options.proceed?.();
    const put = await target.putManifest(manifest);
    if ("refused" in put) {
      throw pushRefused(to.repository, digest, `the manifest ${manifest.digest}`, put, options.command);
    }
    if (put.listed) {
      listed.add(manifest.digest);
    }
  }
  return { done, listed };
}

/** The source's name where both are of one registry. */
function mountable(from: Place, to: Place): string | undefined {
  const [source, target] = [parseRepository(from.repository), parseRepository(to.repository)];
  return source.host === target.host ? source.name : undefined;
}

/** A blob as it comes from the source, no faster than it is taken. */
async function* chunksOf(
  blob: Descriptor,
  { registry, repository }: Place,
  digest: string,
  { sent }: TransferOptions,
): AsyncGenerator<Buffer> {
  const held = new PassThrough({ highWaterMark: HELD });
  const write = async (chunk: Buffer) => {
    if (held.destroyed) {
      throw new Error("the other side stopped reading");
    }
    if (!held.write(chunk)) {
      await roomIn(held);
    }
  };
  const reading = registry
    .transfers(repository)
    .stream(blob, write)
    .then(
      (end) =>
        end === "streamed" ? held.end() : held.destroy(lacking(`${repository}@${digest}`, `the blob ${blob.digest}`)),
      (error: Error) => held.destroy(error),
    );
  try {
    for await (const chunk of held) {
      sent(chunk.length);
      yield chunk;
    }
  } finally {
    held.destroy();
    await reading;
  }
}

/** Ends when there is room again, or when the other side takes no more. */
function roomIn(held: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      held.off("drain", end).off("close", end);
      resolve();
    };
    held.on("drain", end).on("close", end);
  });
}
