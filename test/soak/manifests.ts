import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { parse } from "yaml";
import type { Target } from "./target";

interface Deployment {
  metadata: { name: string };
  spec: { template: { spec: { containers: { image: string }[] } } };
}

/** A folder of manifests, where there is no cluster. No pod runs. */
export class Manifests implements Target {
  private readonly folder = mkdtempSync(path.join(tmpdir(), "manifests-"));

  get config(): Record<string, string> {
    return { manifests: this.folder };
  }

  async deployed(): Promise<Map<string, string>> {
    const folder = path.join(this.folder, "1-manifest");
    const deployments = readdirSync(folder).map(
      (file) => parse(readFileSync(path.join(folder, file), "utf8")) as Deployment,
    );
    return new Map(
      deployments.map(({ metadata, spec }) => [metadata.name, String(spec.template.spec.containers[0]?.image)]),
    );
  }

  async mustRun(): Promise<void> {}

  async dispose(): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
