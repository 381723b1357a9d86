import { VersionedImageError } from "../errors";
import type { Answer } from "./http";

/** Whether an error, or its cause, says that TLS was spoken to a server of plain HTTP. */
export function speaksPlainHttp(error: unknown): boolean {
  const codes = ["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG"];
  return error instanceof Error && (codes.includes(codeOf(error) ?? "") || speaksPlainHttp(error.cause));
}

/** Whether a request that failed in this way would fail again. */
export function isLasting(error: unknown): boolean {
  return speaksPlainHttp(error) || (error instanceof Error && isDistrust(error.cause));
}

/** The error for an answer that breaks the rules of the distribution specification. */
export function protocol(url: string, what: string): VersionedImageError {
  return new VersionedImageError(
    "RegistryProtocol",
    `The answer of ${new URL(url).host} is not what a registry gives: ${what}. Nothing was built; see that the repository's ` +
      "host is a registry.",
  );
}

/** A failure of the network as a value; any other error is thrown on. */
export function failureOf(error: unknown): Error {
  const ours = error instanceof VersionedImageError;
  if (error instanceof Error && !ours && (error.name === "TimeoutError" || error.cause instanceof Error)) {
    return error;
  }
  throw error;
}

/** The error for a host that gave no answer. */
export function silent(url: string, error: Error, tries: number, timeoutMs: number): VersionedImageError {
  const { name, cause } = error;
  // Node.js gives the parser's error a code; where a program has put another release of undici in place, it has a name alone.
  if (codeOf(cause)?.startsWith("HPE_") || (cause instanceof Error && cause.name === "HTTPParserError")) {
    return protocol(url, `it is not HTTP (tried ${tries} times)`);
  }
  if (speaksPlainHttp(error)) {
    const allowed =
      "which is allowed with this machine and with the hosts that VERSIONED_IMAGE_INSECURE_REGISTRIES names";
    return unreachable(url, `speaks plain HTTP, ${allowed}`, tries, error);
  }
  if (isDistrust(cause)) {
    const remedy = "set NODE_EXTRA_CA_CERTS to the file of its authority's certificate";
    const what = `has a certificate that Node.js does not trust (${codeOf(cause)}): ${remedy}`;
    return unreachable(url, what, tries, error);
  }
  const reason = name === "TimeoutError" ? `nothing within ${timeoutMs / 1000} seconds` : reasonOf(cause);
  return unreachable(url, `did not answer: ${reason}`, tries, error);
}

/** The error for a host that answered that it can't. */
export function unavailable(url: string, { status, words, headers }: Answer, tries: number): VersionedImageError {
  const wait = headers.get("retry-after");
  return unreachable(url, `answered ${status}: ${words}${wait === null ? "" : ` (Retry-After: ${wait})`}`, tries);
}

function unreachable(url: string, what: string, tries: number, cause?: Error): VersionedImageError {
  return new VersionedImageError(
    "RegistryUnavailable",
    `The registry ${new URL(url).host} ${what} (tried ${tries} ${tries === 1 ? "time" : "times"}). Whether it has the ` +
      "image is not known, so nothing was built: see that the host is right and can be reached, then run again.",
    { cause },
  );
}

/** OpenSSL's words for a certificate that leads to no authority that is known. */
const DISTRUST = [
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
];

function isDistrust(cause: unknown): boolean {
  return DISTRUST.includes(codeOf(cause) ?? "");
}

/** OpenSSL's messages hold places in its source, its reasons do not; the error of several addresses has a code alone. */
function reasonOf(cause: unknown): string | undefined {
  const { reason, message, code } = cause as NodeJS.ErrnoException & { reason?: string };
  return reason || message || code;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}
