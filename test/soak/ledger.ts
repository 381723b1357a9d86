import { isDeepStrictEqual } from "node:util";
import { isScratchTag } from "../../components/version";
import { REVISION_LABEL, TREE_LABEL } from "../../components/version/labels";
import { filesAt, lastCommit, treeOf } from "./expected";
import { must } from "./failure";
import { MANIFEST_TYPES, pull } from "./image";
import type { Monorepo, MonorepoImage } from "./monorepo";

/** Every production tag that the registry ever had. Each must keep its digest, and hold what git has at its commit. */
export class Ledger {
  /** By name:tag. */
  private readonly digests = new Map<string, string>();

  constructor(
    private readonly host: string,
    private readonly monorepo: Monorepo,
  ) {}

  get size(): number {
    return this.digests.size;
  }

  /** The digest of a tag when it was last looked at. */
  digestOf(name: string, tag: string): string | undefined {
    return this.digests.get(`${name}:${tag}`);
  }

  /** Looks at all tags anew. Throws SoakFailure if one has changed or is gone, or if a new one does not hold what it should. */
  async look(): Promise<void> {
    await Promise.all(this.monorepo.images.map((image) => this.lookAt(image)));
  }

  /** The digest that the registry serves under a tag or digest now. */
  async served(name: string, reference: string): Promise<string | undefined> {
    const url = `http://${this.host}/v2/${name}/manifests/${reference}`;
    const { status, headers } = await fetch(url, { method: "HEAD", headers: { accept: MANIFEST_TYPES } });
    must(status === 200 || status === 404, () => `${url} is answered with ${status}`);
    return headers.get("docker-content-digest") ?? undefined;
  }

  private async lookAt(image: MonorepoImage): Promise<void> {
    const { name } = image;
    const response = await fetch(`http://${this.host}/v2/${name}/tags/list`);
    const { tags } = (await response.json()) as { tags?: string[] | null };
    const production = (tags ?? []).filter((tag) => !tag.endsWith("-debug") && !isScratchTag(tag));
    const known = [...this.digests.keys()].filter((spec) => spec.startsWith(`${name}:`));
    for (const tag of new Set([...production, ...known.map((spec) => spec.slice(name.length + 1))])) {
      const digest = await this.served(name, tag);
      const before = this.digestOf(name, tag);
      must(digest, () => `${name}:${tag} is gone; it was ${before}`);
      must(digest === (before ?? digest), () => `${name}:${tag} has changed from ${before} to ${digest}`);
      if (before === undefined) {
        await this.check(image, tag, digest);
        this.digests.set(`${name}:${tag}`, digest);
      }
    }
  }

  /** Whoever pushed it, by whatever update that failed: a tag that is there is used from now on. */
  private async check(image: MonorepoImage, tag: string, digest: string): Promise<void> {
    const { source } = this.monorepo;
    const spec = `${image.name}:${tag}`;
    const found = await pull(this.host, image.name, tag, Object.keys(image.holds));
    must(found.digest === digest, () => `${spec} is ${found.digest}, and the registry says ${digest}`);
    const commit = String(found.labels[REVISION_LABEL]);
    must(commit.startsWith(tag), () => `${spec} says that it was built from ${commit}`);
    const last = lastCommit(source, image, commit);
    must(last === commit, () => `${spec} is named after ${commit}, and git's last commit of it is ${last}`);
    const tree = treeOf(source, image, commit);
    must(found.labels[TREE_LABEL] === tree, () => `${spec} says tree ${found.labels[TREE_LABEL]}, and git ${tree}`);
    const files = filesAt(source, image, commit);
    must(
      isDeepStrictEqual(found.files, files),
      () => `${spec} holds ${JSON.stringify(found.files)}, and git has ${JSON.stringify(files)}`,
    );
  }
}
