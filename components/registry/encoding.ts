import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";

const DECODERS: Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>> = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/**
 * What a body is once it is unpacked; some servers pack without being asked. Undefined if that is longer than the limit.
 * Throws the library's error if it can't be unpacked.
 */
export async function unpack(body: Buffer, encoding: string | undefined, limit: number): Promise<Buffer | undefined> {
  let unpacked = body;
  for (const name of (encoding ?? "").split(",").reverse()) {
    const decode = DECODERS[name.trim().toLowerCase()];
    if (decode && unpacked.length > 0) {
      try {
        unpacked = await decode(unpacked, { maxOutputLength: limit });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
          return undefined;
        }
        throw error;
      }
    }
  }
  return unpacked;
}
