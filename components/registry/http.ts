import { setTimeout as sleep } from "node:timers/promises";
import { wordsIn } from "./errorMessage";
import { failureOf, isLasting, protocol, silent, unavailable } from "./failure";
import { redirectTarget } from "./redirect";
import { pauseBefore, TRIES } from "./retry";

/** An answer of a registry or of its token service, read whole. */
export interface Answer {
  status: number;
  headers: Headers;
  body: Buffer;
  /** Who gave it, which after redirects may be another than was asked. */
  origin: string;
  /** What it says of an error; empty if it is none. */
  words: string;
}

export interface HttpOptions {
  env: NodeJS.ProcessEnv;
  /** How long one request may take, in milliseconds. */
  timeoutMs: number;
  /** How long a second lasts in the pauses between tries, in milliseconds. */
  pauseMs: number;
}

export interface Request {
  method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  url: string;
  headers: Record<string, string>;
  body?: string | Buffer;
  /** The most bytes that an answer may have. */
  limit: number;
  /** What errors must not show, should the answer repeat it. */
  secrets: string[];
}

const MOST_REDIRECTS = 5;

/**
 * Sends a request: up to 3 times while the host does not answer, or answers 429 or 5xx, with Retry-After heeded up to 10
 * seconds. Throws RegistryUnavailable with what it said last, or RegistryProtocol where an answer breaks the rules.
 */
export async function send(request: Request, options: HttpOptions): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    const answer = await follow(request, options).catch(failureOf);
    const failed = answer instanceof Error || answer.status === 429 || answer.status >= 500;
    if (!failed) {
      return answer;
    }
    const retryAfter = answer instanceof Error ? null : answer.headers.get("retry-after");
    const pause = pauseBefore(attempt + 1, retryAfter, new Date());
    if (attempt === TRIES || pause === undefined || isLasting(answer)) {
      throw answer instanceof Error
        ? silent(request.url, answer, attempt, options.timeoutMs)
        : unavailable(request.url, await withWords(request, answer, options), attempt);
    }
    await sleep(pause * options.pauseMs);
  }
}

/** An answer with its words. Answers to HEAD have no body to hold any, so that GET is asked for them. */
export async function withWords(request: Request, answer: Answer, options: HttpOptions): Promise<Answer> {
  if (request.method !== "HEAD") {
    return answer;
  }
  const told = await follow({ ...request, method: "GET" }, options).catch(failureOf);
  // The status is known and is reported in any case; only its words would have come with this.
  return told instanceof Error || told.status !== answer.status ? answer : told;
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
    const to = redirectTarget(new URL(url), location, options.env);
    if (new URL(url).origin !== to.origin) {
      if (request.body !== undefined) {
        const what = request.method === "POST" ? "what holds credentials" : "what is to be written";
        throw protocol(url, `it redirects ${what} to ${to.host}`);
      }
      const { authorization: _, ...others } = headers;
      headers = others;
    }
    url = to.href;
  }
}

async function once(request: Request, { timeoutMs }: HttpOptions): Promise<Answer> {
  const { method, url, headers, body, limit, secrets } = request;
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
  const whole = Buffer.concat(chunks);
  const { status } = response;
  const words = status >= 300 ? wordsIn(status, whole.toString(), secrets) : "";
  return { status, headers: response.headers, body: whole, origin: new URL(url).origin, words };
}
