import * as pulumi from "@pulumi/pulumi";
import { VersionedImageError } from "../errors";
import { say } from "./runReport";
import type { Subject } from "./subject";

/**
 * Runs work that only says something of an image, for instance what has changed: nothing depends on it, so whatever goes wrong in it is said
 * in its place, in one line, and the update goes on. `what` completes "… can't be told".
 */
export async function onlySay(subject: Subject, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof VersionedImageError) {
      say(subject, `${what} can't be told: ${oneLine(error.message)} [${error.code}]`);
    } else {
      // A fault of this package's, which is to be seen.
      const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
      pulumi.log.warn(`${subject.name}: ${what} can't be told: ${oneLine(words)}`, subject.component);
    }
  }
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, " | ");
}
