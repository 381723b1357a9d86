import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** After how many bytes the buffers are collected, through which they came. */
const EVERY = 4 * 1024 * 1024;

/**
 * Has the buffers collected through which blobs come: left to itself, V8 waits until 32 MB of them lie about, and keeps as much for what a
 * process of few objects never makes.
 */
export class ReadBuffers {
  private bytes = 0;
  private collect: NodeJS.GCFunction | undefined;

  sent(bytes: number): void {
    if (!this.collect) {
      this.collect = collector();
      // The one that gives back what loading the program took.
      this.collect({ type: "major", flavor: "last-resort" });
    }
    this.bytes += bytes;
    if (this.bytes >= EVERY) {
      this.bytes = 0;
      this.collect({ type: "minor" });
    }
  }
}

/** V8's own function, which there is only in what begins after the flag was set. */
function collector(): NodeJS.GCFunction {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}
