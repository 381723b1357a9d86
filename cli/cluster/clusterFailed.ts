import { VersionedImageError } from "../../components/errors";

/** The error for a cluster that can't be asked. */
export function clusterFailed(message: string, cause?: unknown): VersionedImageError {
  return new VersionedImageError("ClusterFailed", message, { cause });
}

/** The error ClusterFailed for what the client threw. */
export function failed(what: string, error: unknown, limit: number): VersionedImageError {
  return clusterFailed(`${what}: ${wordsOf(error, limit)}. Check that the same works with kubectl.`, error);
}

/** What went wrong, without the headers and bodies that the client puts into its messages. */
function wordsOf(error: unknown, limit: number): string {
  const { name, message, code, body, cause } = error as Error & { code?: unknown; body?: unknown };
  if (name === "TimeoutError") {
    return `no answer within ${limit / 1000} seconds`;
  }
  if (typeof code === "number") {
    return `HTTP ${code}${statusMessage(body)}`;
  }
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

function statusMessage(body: unknown): string {
  try {
    const { message } = (typeof body === "string" ? JSON.parse(body) : body) as { message?: unknown };
    return typeof message === "string" ? `, ${message}` : "";
  } catch {
    // It is no Status object, which only an API server sends; the number says enough.
    return "";
  }
}
