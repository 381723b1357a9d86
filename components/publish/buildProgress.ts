import type { BuildContext } from "../context";
import type { Step } from "../pulumi";
import { sayProgress } from "./runReport";
import { sayBuildFailed } from "./sayBuildFailed";
import type { Subject } from "./subject";

/** Follows a build: says that it begins, and where it failed. */
export class BuildProgress {
  /** For an interrupt that comes meanwhile; nothing goes on at first. */
  readonly step: Step;
  private began: number | undefined;

  /** `what` is to be built, and where it goes. */
  constructor(
    private readonly subject: Subject,
    private readonly what: string,
  ) {
    this.step = { what: undefined };
  }

  /** Just before it begins, for which `prepare` does what is left to do. */
  async begin(prepare: () => Promise<void>): Promise<void> {
    this.began = performance.now();
    sayProgress(this.subject, `building ${this.what}`);
    try {
      await prepare();
    } catch (error) {
      this.step.what = undefined;
      throw error;
    }
  }

  /** When it has failed for good; while its files are still there. */
  async fail(context: BuildContext, errors: string[]): Promise<void> {
    // The engine interrupts the program of an update that fails, and the image's own error says the rest.
    this.step.what = undefined;
    await sayBuildFailed(this.subject, context, errors);
  }

  /** Since it began, in milliseconds; undefined if it did not. */
  get took(): number | undefined {
    return this.began === undefined ? undefined : performance.now() - this.began;
  }
}
