/** Registries hash and move a blob when its last byte has come: how many times as long as for anything else they may take for that. */
const FOR_THE_WHOLE = 12;

/**
 * Ends a request whose body goes as it comes once the other side stands still. The clock runs while that is waited for, and begins anew with
 * each chunk; it rests while this side has something to do.
 */
export class IdleLimit {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private hasEnded = false;

  constructor(private readonly milliseconds: number) {
    this.start(milliseconds);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** When the request has ended, which may be before its body is read to the end. */
  end(): void {
    this.hasEnded = true;
    this.stop();
  }

  /** The chunks that the other side sends. */
  async *from(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    this.start(this.milliseconds);
    for await (const chunk of chunks) {
      this.stop();
      yield chunk;
      this.start(this.milliseconds);
    }
  }

  /** The chunks that the other side is sent. */
  async *to(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    this.stop();
    for await (const chunk of chunks) {
      this.start(this.milliseconds);
      yield chunk;
      this.stop();
    }
    this.start(FOR_THE_WHOLE * this.milliseconds);
  }

  private stop(): void {
    clearTimeout(this.timer);
  }

  private start(milliseconds: number): void {
    this.stop();
    // An answer may come before the body's end is asked for: the clock would go on, and keep the program from ending.
    if (this.hasEnded) {
      return;
    }
    this.timer = setTimeout(
      () => this.controller.abort(new DOMException("the transfer stalled", "TimeoutError")),
      milliseconds,
    );
  }
}
