import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import { isReady, runningDigest, TestCluster } from "../support/cluster";
import { must } from "./failure";
import type { Report } from "./report";
import type { Target } from "./target";

/** How long pods of before may stay after an update, in milliseconds. */
const LINGER = 60_000;

/** A namespace of a real cluster. */
export class Namespace implements Target {
  /** Of every pod that was found to run what it should. */
  private readonly uids = new Set<string>();

  private constructor(
    private readonly cluster: TestCluster,
    private readonly report: Report,
  ) {}

  static async create(name: string, kubeconfig: string, report: Report): Promise<Namespace> {
    const cluster = new TestCluster(name, kubeconfig);
    await cluster.create();
    report.pods ??= 0;
    return new Namespace(cluster, report);
  }

  get config(): Record<string, string> {
    return { namespace: this.cluster.namespace };
  }

  async deployed(): Promise<Map<string, string>> {
    const deployments = await this.cluster.deployments();
    return new Map(
      deployments.map(({ metadata, spec }) => [
        String(metadata?.name),
        String(spec?.template.spec?.containers[0]?.image),
      ]),
    );
  }

  async mustRun(digests: Map<string, string>): Promise<void> {
    const expected = [...digests].map(([name, digest]) => `${name} ${digest}`).sort();
    const end = performance.now() + LINGER;
    let pods = await this.cluster.pods();
    while (pods.map(running).sort().join() !== expected.join()) {
      const found = pods.map(running);
      must(
        performance.now() < end,
        () =>
          `${this.cluster.namespace} runs ${found.filter((pod) => !expected.includes(pod))}, and not ${expected.filter((pod) => !found.includes(pod))}`,
      );
      await sleep(500);
      pods = await this.cluster.pods();
    }
    const before = this.uids.size;
    for (const { metadata } of pods) {
      this.uids.add(String(metadata?.uid));
    }
    this.report.pods = (this.report.pods ?? 0) + this.uids.size - before;
  }

  async dispose(): Promise<void> {
    await this.cluster.delete();
  }
}

/** The Deployment of a pod, and the digest that its container runs. */
function running(pod: V1Pod): string {
  return `${pod.metadata?.labels?.app} ${isReady(pod) ? runningDigest(pod) : pod.status?.phase}`;
}
