import { type Io, printable } from "../output";
import { megabytes } from "./text";

/** How often it is said how much was sent, in milliseconds. */
const PAUSE = 5_000;

/** Says on standard error what is being done; with --json nothing but warnings. */
export class Progress {
  private bytes = 0;
  private said: number;

  constructor(
    private readonly io: Io,
    private readonly quiet: boolean,
  ) {
    this.said = io.now().getTime();
  }

  sent(bytes: number): void {
    this.bytes += bytes;
    const now = this.io.now().getTime();
    if (!this.quiet && now - this.said >= PAUSE) {
      this.said = now;
      this.io.err(`${megabytes(this.bytes)} sent\n`);
    }
  }

  say(spec: string, what: string): void {
    if (!this.quiet) {
      this.io.err(`${printable(spec)}: ${printable(what)}\n`);
    }
  }

  warn(spec: string, what: string): void {
    this.io.err(`versioned-image: warning: ${printable(spec)}: ${printable(what)}\n`);
  }
}
