import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** The program. Undefined where it can't be had: then what needs it is left out. */
export const KUBECTL = process.env.VERSIONED_IMAGE_TEST_KUBECTL;

/** An object of a cluster, as JSON has it. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; [field: string]: unknown };
  [field: string]: unknown;
}

/** The cluster of the environment's KUBECONFIG, by the commands that people use. */
export class Kubectl {
  /** Default: each command or object says its namespace. */
  constructor(readonly namespace = "") {}

  /** What a command prints. Throws what it says if it fails. */
  async run(args: string[], input = ""): Promise<string> {
    const place = this.namespace === "" ? [] : ["--namespace", this.namespace];
    const running = promisify(execFile)(String(KUBECTL), [...place, ...args], {
      maxBuffer: 100 * 1024 * 1024,
    });
    running.child.stdin?.end(input);
    return (await running).stdout;
  }

  async json(...args: string[]) {
    return JSON.parse(await this.run([...args, "--output", "json"]));
  }

  async create(...items: Manifest[]): Promise<void> {
    await this.run(["create", "--filename", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  }

  /** Creates a pod and waits until it runs. */
  async start(pod: Manifest): Promise<void> {
    await this.create(pod);
    await this.run(["wait", `pod/${pod.metadata.name}`, "--for", "condition=Ready", "--timeout", "60s"]);
  }
}

/** A kind of custom resources without rules for what they hold. */
export function definition(kind: string, group: string): Manifest {
  const plural = `${kind.toLowerCase()}s`;
  const openAPIV3Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, plural },
      scope: "Namespaced",
      versions: [{ name: "v1alpha1", served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  };
}
