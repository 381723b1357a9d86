import * as pulumi from "@pulumi/pulumi";
import { VersionedImageError } from "../errors";
import { engineRun } from "../pulumi";
import { describeVersion, Fate, summarize } from "../version";
import type { Subject } from "./subject";

/** Of so many images each has its own lines in a run; of more, those that nothing happens to have none, and the end is a summary. */
const MANY = 20;

/** What is said of the images of one preview or update. */
class RunReport {
  private declared = 0;
  private ended = 0;
  private readonly heard = new Set<pulumi.Resource>();
  private readonly fates = new Map<pulumi.Resource, [name: string, fate: Fate]>();

  constructor(private readonly forget: () => void) {}

  /** One more image is declared. Call what is returned once it is known what became of it. */
  begin(): () => void {
    this.declared++;
    return () => {
      this.ended++;
      if (this.ended < this.declared) {
        return;
      }
      this.forget();
      if (this.hasMany) {
        pulumi.log.info(summarize(this.declared, [...this.fates.values()], pulumi.runtime.isDryRun()));
      }
    };
  }

  tell({ component, name }: Subject, fate: Fate): void {
    this.fates.set(component, [name, fate]);
  }

  /** Whether there is room for lines of an image's own. */
  hasRoomFor({ component }: Subject): boolean {
    const isHeard = this.heard.size < MANY || this.heard.has(component);
    if (isHeard) {
      this.heard.add(component);
    }
    return isHeard;
  }

  get hasMany(): boolean {
    return this.declared > MANY;
  }
}

/** Where the engine asks a plugin for each image, all are of one run. */
const reports = new Map<unknown, RunReport>();

function currentReport(): RunReport {
  const run = engineRun();
  const report = reports.get(run) ?? new RunReport(() => reports.delete(run));
  reports.set(run, report);
  return report;
}

/** One more image is declared in this run. Call what is returned once it is known what became of it. */
export function beginReport(): () => void {
  return currentReport().begin();
}

/** Says which version an image has, and what became of it in an update or would in a preview's. */
export function announce(subject: Subject, fate: Fate, what: (repository: string) => string): void {
  const report = currentReport();
  report.tell(subject, fate);
  if (fate === Fate.Unchanged && report.hasMany) {
    return;
  }
  const repository = subject.target?.repository ?? "a repository that is not known yet";
  say(subject, `${describeVersion(subject.version, new Date())}: ${what(repository)}`);
}

/** Says something of an image that stays to be read. */
export function say(subject: Subject, what: string): void {
  const isHeard = currentReport().hasRoomFor(subject);
  pulumi.log.info(`${subject.name}: ${what}`, subject.component, undefined, !isHeard);
}

/** Says what is being done at the moment, in the row of an image. Nothing in a preview, where nothing takes long. */
export function sayProgress(subject: Subject, what: string): void {
  if (!pulumi.runtime.isDryRun()) {
    pulumi.log.info(what, subject.component, undefined, true);
  }
}

/** Says what state an interrupt leaves images in. */
export async function sayInterrupted(goingOn: string[]): Promise<void> {
  const named = goingOn.slice(0, NAMED);
  const more = goingOn.length > NAMED ? [`${goingOn.length - NAMED} more`] : [];
  await pulumi.log.warn(
    `Interrupted while ${[...named, ...more].join(", ")}. No tag was overwritten, and an image without a tag is not published. ` +
      "Pulumi still waits for a running build, and may then report a failed hook, since the program has ended. Run `pulumi up` again " +
      "to continue.",
  );
}

/** So many of the images that are being built are named. */
const NAMED = 5;

/**
 * Runs work that only says something of an image, for instance what has changed: nothing depends on it, so whatever goes wrong in it is said
 * in its place, in one line, and the update goes on. `what` completes "… can't be told".
 */
export async function onlySay(subject: Subject, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof VersionedImageError) {
      say(subject, `${what} can't be determined: ${oneLine(error.message)} [${error.code}]`);
    } else {
      // A fault of this package's, which is to be seen.
      const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
      pulumi.log.warn(`${subject.name}: ${what} can't be determined: ${oneLine(words)}`, subject.component);
    }
  }
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, " | ");
}
