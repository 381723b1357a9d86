import { VersionedImageError } from "../errors";
import { mayBePlain } from "./hosts";

/** An answer of a registry or of its token service, read whole. */
export interface Answer {
  status: number;
  headers: Headers;
  body: Buffer;
}

export interface HttpOptions {
  env: NodeJS.ProcessEnv;
  /** How long one request may take, in milliseconds. */
  timeoutMs: number;
  /** The unit of the pauses between tries, in milliseconds. */
  pauseMs: number;
}

export interface Request {
  method: "GET" | "HEAD" | "POST";
  url: string;
  headers: Record<string, string>;
  body?: string;
  /** The most bytes that an answer may have. */
  limit: number;
}

/** How often a request is tried. */
const TRIES = 3;
/** The longest pause that a registry may ask for between tries, in units of `pauseMs`. */
const LONGEST_PAUSE = 10;
const MOST_REDIRECTS = 5;

/**
 * Sends a request: up to 3 times while the host does not answer, or answers 429 or 5xx, with Retry-After heeded up to 10
 * seconds. Throws RegistryUnavailable with what it said last, or RegistryProtocol where an answer breaks the rules.
 */
export async function send(request: Request, options: HttpOptions): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    const answer = await follow(request, options).catch((error: unknown) => {
      if (error instanceof VersionedImageError) {
        throw error;
      }
      return error as Error;
    });
    const failed = answer instanceof Error || answer.status === 429 || answer.status >= 500;
    if (!failed) {
      return answer;
    }
    if (attempt === TRIES) {
      throw unavailable(request, answer, options);
    }
    await pause(answer, attempt, options);
  }
}

/** What a registry says of an error, in its own words. */
export function wordsOf({ status, body }: Answer): string {
  try {
    const { errors, message, details, error_description } = JSON.parse(body.toString()) as Record<string, unknown>;
    if (Array.isArray(errors) && errors.length > 0) {
      return errors
        .map((error) => [error?.code, error?.message].filter(Boolean).join(": "))
        .join("; ")
        .slice(0, 500);
    }
    const words = [error_description, message, details].find((value) => typeof value === "string");
    if (words) {
      return String(words).slice(0, 500);
    }
  } catch {
    // Not JSON: its text is what there is.
  }
  const text = body
    .toString()
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return text.slice(0, 200) || `status ${status}, and no words`;
}

/** Follows redirects by hand, since credentials must not go with them to another host. */
async function follow(request: Request, options: HttpOptions): Promise<Answer> {
  let { url, headers } = request;
  for (let redirects = 0; ; redirects++) {
    const answer = await once({ ...request, url, headers }, options);
    const location = answer.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === null) {
      return answer;
    }
    if (redirects === MOST_REDIRECTS) {
      throw protocol(url, `it redirects more than ${MOST_REDIRECTS} times`);
    }
    const [from, to] = [new URL(url), new URL(location, url)];
    if (to.protocol !== "https:" && !(to.protocol === "http:" && mayBePlain(to.host, options.env))) {
      throw protocol(url, `it redirects to ${to.protocol}//${to.host}, which is not encrypted`);
    }
    if (from.host !== to.host && request.body !== undefined) {
      throw protocol(url, `it redirects what holds credentials to ${to.host}`);
    }
    if (from.host !== to.host) {
      const { authorization: _, ...others } = headers;
      headers = others;
    }
    url = to.href;
  }
}

async function once({ method, url, headers, body, limit }: Request, { timeoutMs }: HttpOptions): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers,
    body,
    redirect: "manual",
    signal: AbortSignal.timeout(timeoutMs),
  });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > limit) {
      throw protocol(url, `its answer is longer than ${limit} bytes`);
    }
    chunks.push(Buffer.from(chunk));
  }
  return { status: response.status, headers: response.headers, body: Buffer.concat(chunks) };
}

async function pause(answer: Answer | Error, attempt: number, { pauseMs }: HttpOptions): Promise<void> {
  const asked = answer instanceof Error ? Number.NaN : Number(answer.headers.get("retry-after") ?? Number.NaN);
  const units = Number.isFinite(asked) && asked >= 0 ? Math.min(asked, LONGEST_PAUSE) : 0.25 * 2 ** attempt;
  await new Promise((resolve) => setTimeout(resolve, units * pauseMs));
}

function unavailable({ url }: Request, answer: Answer | Error, { timeoutMs }: HttpOptions): VersionedImageError {
  const { host } = new URL(url);
  const what =
    answer instanceof Error
      ? `did not answer: ${reason(answer, timeoutMs)}`
      : `answered ${answer.status}: ${wordsOf(answer)}`;
  return new VersionedImageError(
    "RegistryUnavailable",
    `The registry ${host} ${what} (tried ${TRIES} times). Whether it has the image is not known, so nothing was built: ` +
      "see that the host is right and can be reached, then run again.",
  );
}

function reason(error: Error, timeoutMs: number): string {
  if (error.name === "TimeoutError") {
    return `nothing within ${timeoutMs / 1000} seconds`;
  }
  const { cause } = error;
  return cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : error.message;
}

export function protocol(url: string, what: string): VersionedImageError {
  return new VersionedImageError(
    "RegistryProtocol",
    `The answer of ${new URL(url).host} is not what a registry gives: ${what}. Nothing was built; see that the repository's ` +
      "host is a registry.",
  );
}
