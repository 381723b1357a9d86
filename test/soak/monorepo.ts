import type { VersionedImageArgs } from "../../components";
import { type Repo, repo } from "../support/repo";

/** An image of the monorepo, and where what it holds comes from. */
export interface MonorepoImage {
  name: string;
  args: Pick<VersionedImageArgs, "context" | "paths" | "dockerfile">;
  /** What its version covers, relative to the repository's root. */
  covers: string[];
  /** Its directories, and those of the repository that are copied there. */
  holds: Record<string, string>;
  /** The file that changes of it are written to. */
  main: string;
}

const SHARED = "shared";
const MOST_BRANCHES = 4;

/** A repository of many images, a third of which share a directory. Commits are made here, and deployed from clones. */
export class Monorepo {
  readonly images: MonorepoImage[];
  private readonly origin: Repo = repo();
  private readonly branches = ["main"];
  private branch = "main";
  private edits = 0;

  constructor(count: number) {
    this.images = Array.from({ length: count }, (_, index) => imageOf(`app-${index}`, index % 3 === 2));
    this.origin
      .write("Pulumi.yaml", "name: versioned-image-example\nruntime: nodejs\n")
      .write(".gitignore", "Pulumi.*.yaml\n")
      .write(`${SHARED}/library`, "one\n");
    for (const { name, args, holds } of this.images) {
      const prefix = args.context === "." ? `${name}/` : "";
      const copies = Object.entries(holds).map(([to, from]) =>
        from === SHARED ? `COPY ${from} /${to}/\n` : `COPY ${prefix}files /${to}/\n`,
      );
      this.origin
        .write(`${name}/Dockerfile`, `FROM busybox:1.36\n${copies.join("")}CMD ["sleep", "2147483647"]\n`)
        .write(`${name}/files/main`, `${name}\n`)
        .write(`${name}/files/run`, "#!/bin/sh\ncat /files/main\n", 0o755);
    }
    this.origin.add().commit("Begin");
  }

  /** Where clones are made of. */
  get source(): Repo {
    return this.origin;
  }

  get head(): string {
    return this.origin.head();
  }

  /** Commits a change of some images. */
  change(images: number[]): void {
    this.edit(images.map((image) => (this.images[image] as MonorepoImage).main));
  }

  /** Commits a change of the images, of what several share, or of what no image holds. */
  changeSomewhere(images: number[], choice: number): void {
    if (choice < 0.6) {
      this.change(images);
    } else {
      this.edit([choice < 0.85 ? `${SHARED}/library` : "notes"]);
    }
  }

  /** Goes to a new branch that begins at an earlier commit, goes to another branch, or merges another into this one. */
  changeBranch(images: number[], choice: number): void {
    const others = this.branches.filter((branch) => branch !== this.branch);
    const other = others[Math.floor(choice * 100) % Math.max(1, others.length)];
    if (other === undefined || (choice < 0.4 && this.branches.length < MOST_BRANCHES)) {
      const start = this.earlier(choice);
      this.branch = `branch-${this.branches.length}`;
      this.branches.push(this.branch);
      this.origin.git("checkout", "--quiet", "-b", this.branch, start);
      this.change(images);
    } else if (choice < 0.7) {
      this.branch = other;
      this.origin.git("checkout", "--quiet", other);
      this.change(images);
    } else {
      this.origin.git("merge", "--quiet", "--no-ff", "--no-commit", "--strategy-option=ours", other);
      this.origin.commit(`Merge ${other}`);
    }
  }

  /** A commit before the branch's last one; the only one where there are no others. */
  earlier(choice: number): string {
    const commits = this.origin.git("rev-list", "--max-count=12", "HEAD").split("\n");
    return (commits[1 + Math.floor(choice * (commits.length - 1))] ?? commits[0]) as string;
  }

  dispose(): void {
    this.origin.dispose();
  }

  private edit(files: string[]): void {
    this.edits++;
    for (const file of files) {
      this.origin.write(file, `${file} ${this.edits}\n`);
    }
    this.origin.add().commit(`Edit ${this.edits}`);
  }
}

function imageOf(name: string, shares: boolean): MonorepoImage {
  const main = `${name}/files/main`;
  return shares
    ? {
        name,
        args: { context: ".", paths: [name, SHARED], dockerfile: `${name}/Dockerfile` },
        covers: [name, SHARED],
        holds: { files: `${name}/files`, [SHARED]: SHARED },
        main,
      }
    : { name, args: { context: name }, covers: [name], holds: { files: `${name}/files` }, main };
}
