import { fieldsOf } from "./fields";

/** A manifest of schema 1 with signatures, which its digest does not cover. */
export const SIGNED_TYPE = "application/vnd.docker.distribution.manifest.v1+prettyjws";

/** What the digest of such a manifest is of: the bytes as they were before the signatures were put in. Undefined if it has none. */
export function signedBytes(bytes: Buffer): Buffer | undefined {
  try {
    const { signatures } = fieldsOf(JSON.parse(bytes.toString()));
    const [first] = Array.isArray(signatures) ? signatures : [];
    const { formatLength, formatTail } = fieldsOf(JSON.parse(decoded(fieldsOf(first).protected).toString()));
    return typeof formatLength === "number"
      ? Buffer.concat([bytes.subarray(0, formatLength), decoded(formatTail)])
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

function decoded(text: unknown): Buffer {
  return Buffer.from(String(text), "base64url");
}
