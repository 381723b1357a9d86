import { setTimeout as sleep } from "node:timers/promises";
import type { Process } from "../../scripts/setup/processes";
import { alive, PROVIDER } from "../support/kill";
import { changes } from "../support/project";
import type { Result, Running } from "../support/stack";
import { Deployer } from "./deployer";
import { Deployments } from "./deployments";
import { must } from "./failure";
import { Ledger } from "./ledger";
import { Manifests } from "./manifests";
import { Monorepo } from "./monorepo";
import { Namespace } from "./namespace";
import { reasonsOf } from "./reasons";
import { count, type Report } from "./report";
import { Services } from "./services";
import type { Target } from "./target";

/** How long the processes of a killed update may live on, in milliseconds. */
const LINGER = 30_000;

export interface WorldOptions {
  /** How many images there are. */
  images: number;
  /** Whether Deployments go to a Kubernetes cluster. Default: they are written as manifests. */
  cluster?: boolean;
}

/** All that a soak runs on, and how updates are run and judged in it. */
export class World {
  private readonly ledger: Ledger;
  private readonly deployments: Deployments;

  private constructor(
    readonly monorepo: Monorepo,
    readonly services: Services,
    readonly report: Report,
    readonly deployers: Deployer[],
  ) {
    this.ledger = new Ledger(services.registryHost, monorepo);
    this.deployments = new Deployments(monorepo, services, this.ledger);
  }

  static async begin({ images, cluster = false }: WorldOptions, report: Report): Promise<World> {
    const monorepo = new Monorepo(images);
    let services: Services | undefined;
    try {
      services = await Services.start({ cluster });
      const deployers: Deployer[] = [];
      for (const name of ["one", "two"]) {
        deployers.push(new Deployer(name, monorepo, services, await targetOf(name, services, report)));
      }
      return new World(monorepo, services, report, deployers);
    } catch (error) {
      monorepo.dispose();
      await services?.stop();
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

  /**
   * After an update with a fault: the next one must converge, and change nothing if all was done. No more is done by hand than
   * Pulumi asks for when an engine was killed.
   */
  async recover(deployer: Deployer, faulty: Result): Promise<void> {
    let result = await this.finish(deployer.start());
    if (!result.succeeded && /failed to load checkpoint/.test(result.text)) {
      deployer.restoreCheckpoint();
      this.report.checkpointsRestored++;
      result = await this.finish(deployer.start());
    }
    if (!result.succeeded && /currently locked/.test(result.text)) {
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

  /** Waits until none of an update's processes lives but providers. Throws SoakFailure if another one stays. */
  async mustEnd(family: Process[]): Promise<void> {
    const end = performance.now() + LINGER;
    const living = () => alive(family).filter(({ command }) => !PROVIDER.test(command));
    while (living().length > 0) {
      must(performance.now() < end, () => `still alive: ${living().map(({ command }) => command)}`);
      await sleep(100);
    }
  }

  async end(): Promise<void> {
    try {
      for (const deployer of this.deployers) {
        await deployer.dispose();
      }
      this.monorepo.dispose();
    } finally {
      await this.services.stop();
    }
  }
}

async function targetOf(name: string, { kubeconfig }: Services, report: Report): Promise<Target> {
  if (kubeconfig === undefined) {
    return new Manifests();
  }
  return Namespace.create(`soak-${name}-${process.pid}`, kubeconfig, report);
}
