import * as path from "node:path";
import { cloneUnder } from "../support/project";
import type { Repo } from "../support/repo";
import { type Running, TestStack } from "../support/stack";
import type { Monorepo } from "./monorepo";
import type { Services } from "./services";
import type { Target } from "./target";

/** A stack, the clone that it is deployed from, and where it deploys to. */
export class Deployer {
  /** How long its last update that succeeded took, in milliseconds. */
  pace = 4_000;
  clone: Repo;
  private readonly stack: TestStack;

  constructor(
    readonly name: string,
    private readonly monorepo: Monorepo,
    private readonly services: Services,
    readonly target: Target,
  ) {
    this.clone = monorepo.source.clone();
    this.stack = new TestStack(name, {
      workDir: this.clone.directory,
      env: { ...process.env, ...services.env },
      program: path.join(__dirname, "../engine/programs/monorepo.ts"),
      config: target.config,
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

  /** Goes back to the state before the last one, which an engine that was killed has not written to its end. */
  restoreCheckpoint(): void {
    this.here().restoreCheckpoint();
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

  async dispose(): Promise<void> {
    this.stack.forget();
    this.clone.dispose();
    await this.target.dispose();
  }

  private here(): TestStack {
    return this.stack.in(this.clone.directory);
  }
}
