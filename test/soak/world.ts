import { setTimeout as sleep } from "node:timers/promises";
import { type Process, processes } from "../../scripts/setup/processes";
import { changes } from "../support/project";
import type { Result, Running } from "../support/stack";
import { Deployer } from "./deployer";
import { Deployments } from "./deployments";
import { must } from "./failure";
import { Ledger } from "./ledger";
import { Monorepo } from "./monorepo";
import { reasonsOf } from "./reasons";
import { count, type Report } from "./report";
import { Services } from "./services";

/** How long the processes of a killed update may live on, in milliseconds. */
const LINGER = 30_000;

/** All that a soak runs on, and how updates are run and judged in it. */
export class World {
  readonly deployers: Deployer[];
  private readonly ledger: Ledger;
  private readonly deployments: Deployments;

  private constructor(
    readonly monorepo: Monorepo,
    readonly services: Services,
    readonly report: Report,
  ) {
    this.deployers = ["one", "two"].map((name) => new Deployer(name, monorepo, services));
    this.ledger = new Ledger(services.registryHost, monorepo);
    this.deployments = new Deployments(monorepo, services, this.ledger);
  }

  static async begin(images: number, report: Report): Promise<World> {
    const monorepo = new Monorepo(images);
    try {
      return new World(monorepo, await Services.start(), report);
    } catch (error) {
      monorepo.dispose();
      throw error;
    }
  }

  /** What must hold after each step, of failed ones too. Throws SoakFailure. */
  async check(): Promise<void> {
    await this.ledger.look();
    for (const deployer of this.deployers) {
      await this.deployments.mustBeThere(deployer);
    }
    this.report.tags = this.ledger.size;
    this.report.debugPushes = this.services.debugPushes();
  }

  /** An update to its end. */
  async finish(running: Running): Promise<Result> {
    const result = await running.result;
    this.report.updates++;
    this.report.failed += result.succeeded ? 0 : 1;
    return result;
  }

  /** Notes why an update failed. Throws SoakFailure if it did not say. */
  noteFailure(result: Result): string[] {
    const reasons = reasonsOf(result);
    must(reasons.length > 0, () => `an update failed and did not say why:\n${result.text}`);
    for (const reason of reasons) {
      count(this.report.failures, reason);
    }
    return reasons;
  }

  /** An update that must succeed, and leave Deployments that run what git says. Throws SoakFailure. */
  async succeed(deployer: Deployer, debug: string[] = []): Promise<Result> {
    const start = performance.now();
    const result = await this.finish(deployer.start(debug));
    deployer.pace = performance.now() - start;
    await this.mustBeRight(deployer, result, debug);
    return result;
  }

  /** What must be true of an update that nothing stood against. Throws SoakFailure. */
  async mustBeRight(deployer: Deployer, result: Result, debug: string[] = []): Promise<void> {
    must(result.succeeded, () => `an update that nothing stood against failed:\n${result.text}`);
    await this.deployments.mustFollowGit(deployer, debug);
  }

  /** After an update with a fault: the next one must converge without a person, and change nothing if all was done. */
  async recover(deployer: Deployer, faulty: Result): Promise<void> {
    let result = await this.finish(deployer.start());
    if (!result.succeeded && /currently locked/.test(result.text)) {
      // What Pulumi asks for when an engine was killed.
      deployer.cancel();
      this.report.locksCancelled++;
      result = await this.finish(deployer.start());
    }
    await this.mustBeRight(deployer, result);
    if (faulty.succeeded) {
      this.report.survived++;
      must(Object.keys(changes(result)).length === 0, () => `changed after an update that succeeded:\n${result.text}`);
    }
  }

  /** Waits until none of an update's processes lives. Throws SoakFailure if one stays. */
  async mustEnd(family: Process[]): Promise<void> {
    const end = performance.now() + LINGER;
    const living = () => {
      const now = new Map(processes().map(({ pid, command }) => [pid, command]));
      return family.filter(({ pid, command }) => now.get(pid) === command);
    };
    while (living().length > 0) {
      must(performance.now() < end, () => `still alive: ${living().map(({ command }) => command)}`);
      await sleep(100);
    }
  }

  async end(): Promise<void> {
    for (const deployer of this.deployers) {
      deployer.dispose();
    }
    this.monorepo.dispose();
    await this.services.stop();
  }
}
