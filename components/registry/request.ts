export type Method = "GET" | "HEAD" | "POST" | "PUT" | "DELETE";

/** An answer of a registry or of its token service, read whole. */
export interface Answer {
  /** What it is an answer to. */
  method: Method;
  status: number;
  /** By names in lower case. */
  headers: ReadonlyMap<string, string>;
  body: Buffer;
  /** Who gave it, which after redirects may be another than was asked. */
  origin: string;
  /** What it says of an error; empty if it is none. */
  words: string;
}

export interface HttpOptions {
  env: NodeJS.ProcessEnv;
  /** How long one request may take from when it is sent, in milliseconds. */
  timeoutMs: number;
  /** How long a second lasts in the pauses between tries, in milliseconds. */
  pauseMs: number;
}

/** A body that is sent as it comes. */
export interface Outflow {
  /** How many bytes it has. */
  size: number;
  /** All of it, from its beginning each time. */
  chunks(): AsyncIterable<Buffer>;
}

/** Takes the body of an answer with status 200 or 206 as it comes. */
export interface Inflow {
  /** Which byte is wanted first: after a cut, the one that is lacking. */
  from(): number;
  /** `at`: which byte comes first, since not every server heeds what is wanted. */
  take(chunks: AsyncIterable<Buffer>, at: number, origin: string): Promise<void>;
}

export interface Request {
  method: Method;
  url: string;
  headers: Record<string, string>;
  body?: string | Buffer | Outflow;
  inflow?: Inflow;
  /** How often it is tried. Default: 3 times. */
  tries?: number;
  /** The most bytes that an answer may have. */
  limit: number;
  /** What errors must not show, should the answer repeat it. */
  secrets: string[];
  /** Whether a failure would only come again, besides those that always do. */
  isLasting?: (failure: Error) => boolean;
}
