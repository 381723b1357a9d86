import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { parse } from "yaml";
import { cloneUnder } from "../support/project";
import type { Repo } from "../support/repo";
import { type Running, TestStack } from "../support/stack";
import type { Monorepo } from "./monorepo";
import type { Services } from "./services";

interface Deployment {
  metadata: { name: string };
  spec: { template: { spec: { containers: { image: string }[] } } };
}

/** A stack, the clone that it is deployed from, and the manifests that it writes. */
export class Deployer {
  /** How long its last update that succeeded took, in milliseconds. */
  pace = 4_000;
  clone: Repo;
  private readonly manifests = mkdtempSync(path.join(tmpdir(), "manifests-"));
  private readonly stack: TestStack;

  constructor(
    readonly name: string,
    private readonly monorepo: Monorepo,
    private readonly services: Services,
  ) {
    this.clone = monorepo.source.clone();
    const env = { ...process.env, ...(services.dockerHost !== undefined && { DOCKER_HOST: services.dockerHost }) };
    this.stack = new TestStack(name, {
      workDir: this.clone.directory,
      env,
      program: path.join(__dirname, "../engine/programs/monorepo.ts"),
      config: { manifests: this.manifests },
    });
  }

  /** Starts an update with debug images of those named. */
  start(debug: string[] = []): Running {
    const repository = this.services.network.host;
    const images = this.monorepo.images.map(({ name, args }) => [
      name,
      { ...args, repository: `${repository}/${name}`, debug: debug.includes(name) },
    ]);
    return this.here().start("up", { images: JSON.stringify(Object.fromEntries(images)) });
  }

  /** Gives up the lock of an update that was killed. */
  cancel(): void {
    this.here().cancel();
  }

  /** Brings the clone to a commit of the monorepo, with nothing uncommitted. */
  checkOut(commit: string): void {
    this.clone.git("fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*");
    this.undo();
    this.clone.git("checkout", "--quiet", "--detach", commit);
  }

  undo(): void {
    this.clone.git("reset", "--quiet", "--hard");
    this.clone.git("clean", "--quiet", "--force", "-d");
  }

  /** Throws the clone away and makes another, under another umask. */
  cloneAfresh(umask: number): void {
    this.clone.dispose();
    this.clone = cloneUnder(umask, this.monorepo.source);
  }

  /** The image of each Deployment that it has written. */
  deployed(): Map<string, string> {
    const folder = path.join(this.manifests, "1-manifest");
    const deployments = readdirSync(folder).map(
      (file) => parse(readFileSync(path.join(folder, file), "utf8")) as Deployment,
    );
    return new Map(
      deployments.map(({ metadata, spec }) => [metadata.name, String(spec.template.spec.containers[0]?.image)]),
    );
  }

  dispose(): void {
    this.stack.forget();
    this.clone.dispose();
    rmSync(this.manifests, { recursive: true, force: true });
  }

  private here(): TestStack {
    return this.stack.in(this.clone.directory);
  }
}
