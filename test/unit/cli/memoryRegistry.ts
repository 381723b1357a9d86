import { ABSENT, type Reply, type Seen } from "../../support/fakeRegistry";
import { INDEX, MANIFEST, sha256 } from "./setup";

const CONFIG = "application/vnd.docker.container.image.v1+json";

/** A version that a registry holds. */
export interface Version {
  tag: string;
  /** What the tag leads to. */
  digest: string;
  /** The manifests of its platforms; of an image of one it is the same. */
  images: { digest: string; config: string }[];
}

/** A registry in memory, from which a manifest goes with all its tags, as from distribution. */
export class MemoryRegistry {
  readonly contents = new Map<string, { type: string; body: string }>();
  readonly tags = new Map<string, string>();

  put(type: string, value: unknown) {
    const body = JSON.stringify(value);
    this.contents.set(sha256(body), { type, body });
    return { mediaType: type, digest: sha256(body), size: body.length };
  }

  push(tag: string, labels: Record<string, string>, platforms: string[]): Version {
    const manifests = platforms.map((architecture) => {
      const config = this.put(CONFIG, { os: "linux", architecture, config: { Labels: labels } });
      const manifest = this.put(MANIFEST, { schemaVersion: 2, mediaType: MANIFEST, config, layers: [] });
      return { ...manifest, platform: { os: "linux", architecture }, config: config.digest };
    });
    const [first] = manifests;
    const digest =
      manifests.length === 1
        ? String(first?.digest)
        : this.put(INDEX, { schemaVersion: 2, manifests: manifests.map(({ config: _, ...entry }) => entry) }).digest;
    this.tags.set(tag, digest);
    return { tag, digest, images: manifests.map(({ digest: each, config }) => ({ digest: each, config })) };
  }

  /** An index of the same images that no tag leads to. */
  pushUntagged({ images }: Version): string {
    const entries = images.map(({ digest }) => ({ mediaType: MANIFEST, digest, size: 1 }));
    return this.put(INDEX, { schemaVersion: 2, manifests: entries, annotations: { untagged: "" } }).digest;
  }

  answer(name: string, { method, url }: Seen): Reply {
    if (url.startsWith(`/v2/${name}/tags/list`)) {
      return { status: 200, body: { name, tags: [...this.tags.keys()] } };
    }
    const [, kind, reference = ""] = new RegExp(`^/v2/${name}/(manifests|blobs)/(.*)$`).exec(url) ?? [];
    const digest = this.tags.get(reference) ?? reference;
    const content = this.contents.get(digest);
    if (!content || (kind === "manifests" && content.type === CONFIG)) {
      return ABSENT;
    }
    if (method === "DELETE") {
      this.contents.delete(digest);
      for (const [tag] of [...this.tags].filter(([, each]) => each === digest)) {
        this.tags.delete(tag);
      }
      return { status: 202 };
    }
    return {
      status: 200,
      headers: { "content-type": content.type, "docker-content-digest": digest },
      body: content.body,
    };
  }
}
