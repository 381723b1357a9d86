import { VersionedImageError } from "../errors";
import { proxyOfClient } from "./connections";
import type { Credentials } from "./credentials";
import { ignoredEnvironment } from "./dockerConfig";
import { loginAdvice } from "./hosts";
import type { Answer, HttpOptions, Request } from "./request";

/** Whether an error says that TLS was spoken to a server of plain HTTP. */
export function speaksPlainHttp(error: unknown): boolean {
  return ["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG"].includes(codeOf(error) ?? "");
}

/** Whether an error says that the connection was closed without a word, as many servers of plain HTTP do where TLS is spoken. */
export function closesWithoutWord(error: unknown): boolean {
  return ["ECONNRESET", "EPIPE", "EPROTO", "UND_ERR_SOCKET"].includes(codeOf(error) ?? "");
}

/** Whether a request that failed in this way would fail again. */
export function isLasting(error: Error): boolean {
  return speaksPlainHttp(error) || isDistrust(error) || isRefusalOfProxy(error);
}

/** The error for an answer that breaks the rules of the distribution specification. */
export function protocol(url: string, what: string): VersionedImageError {
  return new VersionedImageError(
    "RegistryProtocol",
    `Invalid answer from the registry ${new URL(url).host}: ${what}. Check that this host is a registry, ` +
      "and that no proxy answers in its place.",
  );
}

/** A failure of the network as a value; any other error is thrown on. */
export function failureOf(error: unknown): Error {
  const known = error instanceof Error && (error.name === "TimeoutError" || isNotHttp(error) || codeOf(error));
  if (known && !(error instanceof VersionedImageError) && codeOf(error) !== "UND_ERR_INVALID_ARG") {
    return error;
  }
  throw error;
}

/** The failure of a request that a proxy wants a login for. */
export function wantsProxyLogin(): Error {
  return Object.assign(new Error("Proxy response (407)"), { code: "UND_ERR_ABORTED" });
}

/** The error for a host that gave no answer. */
export function silent(request: Request, error: Error, tries: number, options: HttpOptions): VersionedImageError {
  const { url } = request;
  const proxy = proxyOfClient(new URL(url), options.env);
  const through = proxy ? ` through the proxy ${proxy.url} (${proxy.variable})` : "";
  const fail = (what: string) => unreachable(request, what, tries, error);
  if (isNotHttp(error)) {
    return protocol(url, `it is not HTTP (tried ${tries} times)`);
  }
  if (speaksPlainHttp(error)) {
    const allowed = "which is allowed only on this machine and for the hosts in VERSIONED_IMAGE_INSECURE_REGISTRIES";
    return fail(`speaks plain HTTP, ${allowed}`);
  }
  if (isDistrust(error)) {
    const remedy = "set NODE_EXTRA_CA_CERTS to the file of its CA certificate";
    return fail(`has a certificate that Node.js does not trust (${codeOf(error)})${through}: ${remedy}`);
  }
  if (isRefusalOfProxy(error)) {
    const status = statusOfProxy(error);
    const login = status === "407" ? `; set its user and password in ${proxy?.variable}` : "";
    return fail(`was not reached${through}, which answered ${status}${login}, or list the host in NO_PROXY`);
  }
  const reason = error.name === "TimeoutError" ? `nothing within ${options.timeoutMs / 1000} seconds` : reasonOf(error);
  return fail(`did not answer${through}: ${reason}`);
}

/** The error for a host that answered that it can't. */
export function unavailable(request: Request, { status, words, headers }: Answer, tries: number): VersionedImageError {
  const wait = headers.get("retry-after");
  return unreachable(
    request,
    `answered ${status}: ${words}${wait === undefined ? "" : ` (Retry-After: ${wait})`}`,
    tries,
  );
}

function unreachable({ url, method }: Request, what: string, tries: number, cause?: Error): VersionedImageError {
  const unknown =
    method === "PUT" || method === "DELETE" ? "It may have carried out the request" : "Its content is not known";
  return new VersionedImageError(
    "RegistryUnavailable",
    `The registry ${new URL(url).host} ${what} (tried ${tries} ${tries === 1 ? "time" : "times"}). ${unknown}. Check that the ` +
      "host is correct and reachable, then run again.",
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

function isDistrust(error: unknown): boolean {
  return DISTRUST.includes(codeOf(error) ?? "");
}

/** The parser's errors have a code or, for some of them, a name alone. */
function isNotHttp(error: Error): boolean {
  return codeOf(error)?.startsWith("HPE_") || error.name === "HTTPParserError";
}

/** What the library says where a proxy opens no way: a 4xx will not change, a 5xx may. */
function isRefusalOfProxy(error: Error): boolean {
  return /^4/.test(statusOfProxy(error) ?? "");
}

function statusOfProxy({ message }: Error): string | undefined {
  return /^Proxy response \((\d{3})\)/.exec(message)?.[1];
}

/** OpenSSL's messages hold places in its source, its reasons do not; the error of several addresses has a code alone. */
function reasonOf(error: Error): string | undefined {
  const { reason, message, code } = error as NodeJS.ErrnoException & { reason?: string };
  return reason || message || code;
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

/** The error for a registry, or its token service, that refuses access. */
export function unauthorized(
  host: string,
  { status, words, origin }: Answer,
  credentials: Credentials | undefined,
  env: NodeJS.ProcessEnv,
): VersionedImageError {
  const advice = credentials?.explicit
    ? "Check that the credentials in registryAuth are valid, and that their account can read and write there."
    : credentials
      ? `Check that your account can read and write there. To log in again, run ${loginAdvice(host)}`
      : `No credentials were sent. Run ${loginAdvice(host)}`;
  const ignored = credentials?.explicit ? undefined : ignoredEnvironment(env);
  const by = new URL(origin).host;
  return new VersionedImageError(
    "RegistryUnauthorized",
    `The registry ${host} refused access (${status}${by === host ? "" : ` from ${by}`}): ${words}. ${advice}` +
      (ignored === undefined ? "" : `. ${ignored}`),
  );
}
