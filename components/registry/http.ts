import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { routeTo, undici } from "./connections";
import { unpack } from "./encoding";
import { wordsIn } from "./errorMessage";
import { failureOf, isLasting, protocol, silent, unavailable, wantsProxyLogin } from "./failure";
import { firstAsked, Silence } from "./firstAsked";
import { IdleLimit } from "./idleLimit";
import { redirectTarget } from "./redirect";
import type { Answer, HttpOptions, Outflow, Request } from "./request";
import { pauseBefore, retryAfterMs, TRIES } from "./retry";
import { inTurn } from "./turns";

const MOST_REDIRECTS = 5;

/**
 * Sends a request: up to 3 times while the host does not answer, or answers 408, 425, 429 or 5xx, with Retry-After heeded up to 10
 * seconds. Throws RegistryUnavailable with what it said last, or RegistryProtocol where an answer breaks the rules.
 *
 * HEAD is a question that some servers have no good answer to: one that fails it with another 5xx than 503 is not asked
 * so again, and where it stays busy, GET has the last word.
 *
 * Of a host that has not answered yet only one request finds out whether it does; who asks meanwhile shares its silence. What goes as it comes is
 * no such request: it takes as long as it is, and an upload within a registry waits for the download that feeds it.
 *
 * Retries and redirects are done here and not by the library's own: those pause as long as they are told to, try again
 * where nothing can have changed, and know no host that may be spoken to in the open.
 */
export async function send(request: Request, options: HttpOptions): Promise<Answer> {
  const patiently = (heard: () => void) => sendPatiently(request, options, heard);
  const told =
    request.inflow || isOutflow(request.body)
      ? await patiently(() => {})
      : await firstAsked(new URL(request.url).origin, patiently);
  if (told instanceof Silence) {
    throw silent(request, told.failure, told.tries, options);
  }
  return told;
}

async function sendPatiently(request: Request, options: HttpOptions, heard: () => void): Promise<Answer | Silence> {
  for (let attempt = 1; ; attempt++) {
    const answer = await follow(request, options, inTurn).catch(failureOf);
    if (!(answer instanceof Error)) {
      heard();
      if (!isFailing(answer)) {
        return answer;
      }
    }
    const retryAfter = answer instanceof Error ? undefined : answer.headers.get("retry-after");
    const pause = pauseBefore(attempt + 1, retryAfter ?? null, new Date());
    const lasting = answer instanceof Error && (isLasting(answer) || request.isLasting?.(answer));
    if (attempt === (request.tries ?? TRIES) || pause === undefined || lasting) {
      if (answer instanceof Error) {
        return new Silence(answer, attempt);
      }
      const told = request.method === "HEAD" ? await inWords(request, answer, options) : answer;
      if (!isFailing(told)) {
        return told;
      }
      throw unavailable(request, told, attempt);
    }
    await sleep(pause * options.pauseMs);
  }
}

/** That a request got no answer that says anything: `why` in the words of RegistryUnavailable. */
export interface NoAnswer {
  kind: "unanswered";
  why: string;
  /** How long the registry asks to wait, in milliseconds: 10 seconds at most. */
  retryAfterMs: number | undefined;
}

/** Sends a request once, by who holds the host's turn. Throws what would only come again, as `send` does. */
export async function sendOnce(request: Request, options: HttpOptions): Promise<Answer | NoAnswer> {
  const answer = await follow(request, options, (_, work) => work()).catch(failureOf);
  if (answer instanceof Error) {
    const error = silent(request, answer, 1, options);
    if (error.code === "RegistryProtocol" || isLasting(answer)) {
      throw error;
    }
    return { kind: "unanswered", why: error.message, retryAfterMs: undefined };
  }
  if (!isFailing(answer)) {
    return answer;
  }
  const why = unavailable(request, answer, 1).message;
  return { kind: "unanswered", why, retryAfterMs: retryAfterMs(answer.headers.get("retry-after"), new Date()) };
}

function isFailing({ method, status }: Answer): boolean {
  return [408, 425, 429, 503].includes(status) || (status >= 500 && method !== "HEAD");
}

/** Answers to HEAD have no body to hold words, so that GET is asked. */
async function inWords(request: Request, answer: Answer, options: HttpOptions): Promise<Answer> {
  const told = await follow({ ...request, method: "GET" }, options, inTurn).catch(failureOf);
  // That the host is busy is known, and is reported; only its words would have come with this.
  return told instanceof Error || (isFailing(told) && told.status !== answer.status) ? answer : told;
}

/** Follows redirects by hand, since credentials must not go with them to another host. */
async function follow(request: Request, options: HttpOptions, take: typeof inTurn): Promise<Answer> {
  let { url, headers } = request;
  for (let redirects = 0; ; redirects++) {
    const host = new URL(url).host;
    const answer = await take(host, () => once({ ...request, url, headers }, options));
    const location = answer.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) {
      return answer;
    }
    if (redirects === MOST_REDIRECTS) {
      throw protocol(url, `it redirects more than ${MOST_REDIRECTS} times`);
    }
    const to = redirectTarget(new URL(url), location, options.env);
    if (new URL(url).origin !== to.origin) {
      if (request.body !== undefined) {
        const what = request.method === "POST" ? "a request with credentials" : "a write request";
        throw protocol(url, `it redirects ${what} to ${to.host}`);
      }
      const { authorization: _, ...others } = headers;
      headers = others;
    }
    url = to.href;
  }
}

async function once(request: Request, options: HttpOptions): Promise<Answer> {
  const { body, inflow } = request;
  if (!inflow && !isOutflow(body)) {
    return exchange(request, body, options, AbortSignal.timeout(options.timeoutMs));
  }
  const idle = new IdleLimit(options.timeoutMs);
  try {
    return await exchange(request, isOutflow(body) ? idle.to(body.chunks()) : body, options, idle.signal, idle);
  } finally {
    idle.end();
  }
}

/** `idle`: the limit of a request whose body, or that of its answer, goes as it comes. */
async function exchange(
  { method, url, headers, inflow, limit, secrets }: Request,
  body: string | Buffer | AsyncIterable<Buffer> | undefined,
  { env }: HttpOptions,
  signal: AbortSignal,
  idle?: IdleLimit,
): Promise<Answer> {
  const { dispatcher, proxy } = routeTo(new URL(url), env);
  const from = inflow?.from() ?? 0;
  const response = await undici().request(url, {
    dispatcher,
    method,
    headers: from > 0 ? { ...headers, range: `bytes=${from}-` } : headers,
    body: body as string | Buffer | Readable | undefined,
    // Undici would hang up after each HEAD, so that every image of a program would connect anew.
    reset: false,
    signal,
    // The other side is waited for as long as `signal` says.
    ...(idle && { headersTimeout: 0, bodyTimeout: 0 }),
  });
  const status = response.statusCode;
  const fields = fieldsOf(response.headers);
  const { origin } = new URL(url);
  if (inflow && idle && (status === 200 || status === 206)) {
    await inflow.take(idle.from(response.body), status === 206 ? firstByte(fields, from) : 0, origin);
    return { method, status, headers: fields, body: Buffer.alloc(0), origin, words: "" };
  }
  const tooLong = () => protocol(url, `its answer is longer than ${limit} bytes`);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > limit) {
      throw tooLong();
    }
    chunks.push(chunk);
  }
  const whole = await unpack(Buffer.concat(chunks), fields.get("content-encoding"), limit);
  if (whole === undefined) {
    throw tooLong();
  }
  if (status === 407 && proxy) {
    throw wantsProxyLogin();
  }
  const words = status >= 300 ? wordsIn(status, whole.toString(), secrets) : "";
  return { method, status, headers: fields, body: whole, origin, words };
}

function isOutflow(body: Request["body"]): body is Outflow {
  return typeof body === "object" && "chunks" in body;
}

/** Which byte a part begins with. */
function firstByte(fields: ReadonlyMap<string, string>, wanted: number): number {
  const [, first] = /^bytes (\d+)-/.exec(fields.get("content-range") ?? "") ?? [];
  return first === undefined ? wanted : Number(first);
}

/** As RFC 9110 has it: a field that comes several times is one with commas. */
function fieldsOf(headers: Record<string, string | string[] | undefined>): Map<string, string> {
  const fields = Object.entries(headers).filter(
    (field): field is [string, string | string[]] => field[1] !== undefined,
  );
  return new Map(fields.map(([name, value]) => [name.toLowerCase(), [value].flat().join(", ")]));
}
