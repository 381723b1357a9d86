import { mkdir, mkdtemp, rm } from "node:fs/promises";
import * as path from "node:path";
import { type CommitIndex, readCommitIndex } from "./commitIndex";

/** For so many images files of a commit are written at once. */
const AT_ONCE = 16;

/** So many indexes are kept for images that are still to come: one can be large, and a program may have images of many commits. */
const KEPT = 4;

/** One image that wants files of a commit, now or later. */
interface Wanting {
  paths: string[];
  batch?: Batch;
  hasBegun?: boolean;
  /** Whether it has found no others to be served with. */
  isAlone?: boolean;
  isDone?: boolean;
}

/** Files of a commit that are written for several images at once. */
export class Batch {
  private written: Promise<unknown> | undefined;

  constructor(
    private readonly members: Wanting[],
    private readonly folder: string,
  ) {}

  get paths(): string[] {
    return [...new Set(this.members.flatMap(({ paths }) => paths))];
  }

  /** Writes for all members, once; what is returned is for all of them. */
  once<T>(write: (directory: string) => Promise<T>): Promise<T> {
    this.written ??= mkdir(this.folder).then(() => write(this.folder));
    return this.written as Promise<T>;
  }

  async leave(member: Wanting): Promise<void> {
    member.isDone = true;
    if (this.members.every(({ isDone }) => isDone)) {
      await rm(this.folder, { recursive: true, force: true });
    }
  }
}

interface Lent {
  folder: Promise<string>;
  index: Promise<CommitIndex>;
}

/**
 * What images of one commit share while files of it are written for them: the index, which is read once, and the files, which are written for
 * those that are expected in one go. Each call of git that is saved is a process that need not be started.
 */
export class SharedCommit {
  private static readonly all = new Map<string, SharedCommit>();
  /** Those whose index nobody uses at the moment, the longest unused first. */
  private static readonly idle = new Set<SharedCommit>();

  static of(workTree: string, commit: string): SharedCommit {
    const key = JSON.stringify([workTree, commit]);
    const shared = SharedCommit.all.get(key) ?? new SharedCommit(key, workTree, commit);
    SharedCommit.all.set(key, shared);
    return shared;
  }

  private wanting: Wanting[] = [];
  private users = 0;
  private lent: Lent | undefined;
  private batches = 0;

  private constructor(
    private readonly key: string,
    private readonly workTree: string,
    private readonly commit: string,
  ) {}

  /** Says that an image will want these paths. Call what is returned when it has them or does not want them any more. */
  expect(paths: string[]): () => Promise<void> {
    const one: Wanting = { paths };
    this.wanting.push(one);
    return async () => {
      // Another image of the same paths may have come in its place: then that one leaves, when it has its files.
      if (!one.hasBegun) {
        await this.forget(one);
      }
    };
  }

  /**
   * Lends the commit's index for an image that wants these paths. `scratch` is how the name of the folder begins that it needs on disk.
   */
  async use<T>(
    paths: string[],
    scratch: string,
    work: (index: CommitIndex, together: Batch | undefined) => Promise<T>,
  ): Promise<T> {
    const own = this.expected(paths);
    this.users++;
    SharedCommit.idle.delete(this);
    this.lent ??= this.lend(scratch);
    const { folder, index } = this.lent;
    try {
      const [read, made] = await Promise.all([index, folder]);
      const batch = own.batch ?? this.batchWith(own, made);
      return await work(read, batch);
    } finally {
      this.users--;
      await this.forget(own);
    }
  }

  private async forget(one: Wanting): Promise<void> {
    this.wanting = this.wanting.filter((other) => other !== one);
    await one.batch?.leave(one);
    await this.tidy();
  }

  /** The one that was expected to want these paths, or one that was not. */
  private expected(paths: string[]): Wanting {
    const key = JSON.stringify(paths);
    const known = this.wanting.find((one) => !one.hasBegun && JSON.stringify(one.paths) === key);
    const own: Wanting = known ?? { paths };
    own.hasBegun = true;
    if (!known) {
      this.wanting.push(own);
    }
    return own;
  }

  /** The next ones that wait, this one included; nothing where no other does. */
  private batchWith(own: Wanting, folder: string): Batch | undefined {
    const others = this.wanting
      .filter((one) => one !== own && !one.isAlone && !one.isDone && one.batch === undefined)
      .slice(0, AT_ONCE - 1);
    if (others.length === 0) {
      own.isAlone = true;
      return undefined;
    }
    const members = [own, ...others];
    const batch = new Batch(members, path.join(folder, `files-${this.batches++}`));
    for (const member of members) {
      member.batch = batch;
    }
    return batch;
  }

  private lend(scratch: string): Lent {
    const folder = mkdtemp(scratch);
    return { folder, index: folder.then((made) => readCommitIndex(this.workTree, this.commit, made)) };
  }

  /** Removes what nobody needs any more. */
  private async tidy(): Promise<void> {
    if (this.users > 0) {
      return;
    }
    if (this.wanting.length === 0) {
      SharedCommit.all.delete(this.key);
      await this.remove();
    } else if (this.lent !== undefined) {
      SharedCommit.idle.add(this);
      const [longest] = SharedCommit.idle;
      if (SharedCommit.idle.size > KEPT) {
        await longest?.remove();
      }
    }
  }

  private async remove(): Promise<void> {
    SharedCommit.idle.delete(this);
    const { lent } = this;
    this.lent = undefined;
    // Whoever comes later begins anew.
    for (const one of this.wanting) {
      one.batch = undefined;
    }
    const folder = await lent?.folder.catch(() => undefined);
    if (folder !== undefined) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
