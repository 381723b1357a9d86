/** What happened in a soak, counted. */
export class Report {
  readonly steps: Record<string, number> = {};
  /** Failed updates, by the codes of their errors or the fault's words. */
  readonly failures: Record<string, number> = {};
  /** Processes that were killed, by what they were. */
  readonly kills: Record<string, number> = {};
  /** Updates that succeeded although something was restarted, cut or killed meanwhile. */
  survived = 0;
  updates = 0;
  failed = 0;
  locksCancelled = 0;
  /** States of which an engine that was killed had written a part. */
  checkpointsRestored = 0;
  tags = 0;
  debugPushes = 0;
  /** Pods that ran what they should; undefined where Deployments are written as manifests. */
  pods?: number;
  leftOut: string[] = [];

  /** Lines for people. There is a report only if no digest has changed. */
  lines(): string[] {
    return [
      `steps          ${total(this.steps)}: ${counts(this.steps)}`,
      `updates        ${this.updates}, ${this.failed} failed, ${this.survived} went on through a fault`,
      `failed with    ${counts(this.failures)}`,
      `killed         ${counts(this.kills)}; ${this.locksCancelled} locks cancelled, ${this.checkpointsRestored} checkpoints restored`,
      `published      ${this.tags} tags, 0 changed digests, ${this.debugPushes} debug pushes`,
      `pods           ${this.pods === undefined ? "none, Deployments are manifests" : `${this.pods}, each with the digest of its tag`}`,
      ...this.leftOut.map((kind) => `left out       ${kind}`),
    ];
  }
}

export function count(counted: Record<string, number>, what: string): void {
  counted[what] = (counted[what] ?? 0) + 1;
}

function counts(counted: Record<string, number>): string {
  const entries = Object.entries(counted).sort(([, a], [, b]) => b - a);
  return entries.map(([what, times]) => `${what} ${times}`).join(", ") || "nothing";
}

function total(counted: Record<string, number>): number {
  return Object.values(counted).reduce((sum, times) => sum + times, 0);
}
