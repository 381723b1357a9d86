import { promisify } from "node:util";
import { unzip } from "node:zlib";

/**
 * What a body is once it is unpacked; some servers pack without being asked. Undefined if that is longer than the limit.
 * Throws the library's error if it can't be unpacked.
 */
export async function unpack(body: Buffer, encoding: string | undefined, limit: number): Promise<Buffer | undefined> {
  if (!/^(?:x-)?gzip$|^deflate$/i.test(encoding ?? "") || body.length === 0) {
    return body;
  }
  try {
    return await promisify<Buffer, object, Buffer>(unzip)(body, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
      return undefined;
    }
    throw error;
  }
}
