import type { Built, Last, Ports, Publication, Publishing, RegistryPort } from "../../../components/protocol";
import type { Manifest, ManifestContent } from "../../../components/registry";
import { sha256 } from "../registry/setup";

export const TAG = "88d38d9";
export const REPOSITORY = "h.example/app";
const TYPE = "application/vnd.oci.image.manifest.v1+json";

/** Called before each call of a port, with its name. Who waits in it holds the actor up; who throws ends it there. */
export type Gate = (call: string) => Promise<void>;

/** A registry in memory: what was asked of a real one is done at one moment each. */
export class World {
  readonly tags = new Map<string, string>();
  readonly contents = new Map<string, ManifestContent>();
  /** What the version's tag was given, one after the other. */
  readonly given: string[] = [];
  immutable = false;

  constructor(readonly clock = { now: 0 }) {}

  /** Puts a content there, and returns its digest. */
  add(text: string): string {
    const content = contentOf(text);
    this.contents.set(content.digest, content);
    return content.digest;
  }

  set(tag: string, digest: string): "tagged" | { refused: { status: number; words: string } } {
    const there = this.tags.get(tag);
    if (this.immutable && there !== undefined && there !== digest) {
      return { refused: { status: 400, words: "TAG_INVALID: tags are immutable" } };
    }
    if (tag === TAG && there !== digest) {
      this.given.push(digest);
    }
    this.tags.set(tag, digest);
    return "tagged";
  }

  find(reference: string): ManifestContent | undefined {
    return this.contents.get(this.tags.get(reference) ?? reference);
  }
}

export function contentOf(text: string): ManifestContent {
  return { digest: sha256(text), mediaType: TYPE, bytes: Buffer.from(text) };
}

/** The digest of what is made by giving labels to a content. */
export function labelledText(text: string): string {
  return JSON.stringify({ labelled: text });
}

/** A caller of the protocol, which remembers its last publication as a stack does. */
export class Actor {
  last: Last | undefined;
  readonly warnings: string[] = [];
  builds = 0;
  /** The scratch tags under which it has pushed. */
  readonly pushed: string[] = [];
  private nonces = 0;

  constructor(
    readonly world: World,
    readonly name: string,
    /** Called before each call of a port. */
    public gate: Gate = ungated,
    public tag = TAG,
  ) {}

  get version(): Publishing {
    const { name, world, tag } = this;
    return {
      spec: `${REPOSITORY}:${tag}`,
      repository: REPOSITORY,
      tag,
      labels: async () => ({ by: name }),
      copyFrom: undefined,
      mayBuild: true,
      scratchTag: (nonce) => (nonce === undefined ? `scratch-${name}` : `scratch-${name}-${++this.nonces}`),
      command: "pulumi up",
      again: "pulumi up",
      prove: async (served) => {
        if (!world.find(served)?.bytes.toString().includes("labelled")) {
          throw new Error(`${served} is not proven`);
        }
      },
      last: this.last,
    };
  }

  ports(overrides: Partial<RegistryPort> = {}): Ports {
    const { world, gate } = this;
    const found = ({ digest, mediaType }: ManifestContent): Manifest => ({ digest, mediaType });
    const registry: RegistryPort = {
      look: async (reference) => {
        await gate(`look ${reference}`);
        const content = world.find(reference);
        return content && found(content);
      },
      read: async (reference) => {
        await gate(`read ${reference}`);
        return world.find(reference);
      },
      label: async (digest) => {
        await gate(`label ${digest}`);
        const content = world.contents.get(digest);
        if (!content) {
          return { kind: "absent" };
        }
        const made = world.add(labelledText(content.bytes.toString()));
        return { kind: "labelled", content: world.contents.get(made) as ManifestContent };
      },
      move: async (tag, content) => {
        await gate(`move ${tag}`);
        world.contents.set(content.digest, content);
        return world.set(tag, content.digest);
      },
      inOneTurn: async (work) =>
        work({
          look: async (tag) => {
            await gate(`turn: look ${tag}`);
            const content = world.find(tag);
            return content ? { kind: "there", digest: content.digest } : { kind: "absent" };
          },
          put: async (tag, { digest }) => {
            await gate(`turn: put ${tag}`);
            const answer = world.set(tag, digest);
            return answer === "tagged" ? { kind: "tagged" } : { kind: "refused", ...answer.refused };
          },
        }),
      ...overrides,
    };
    return {
      registry,
      build: async (ask) => {
        const scratchTag = await ask();
        await gate(`build ${scratchTag}`);
        return this.build(scratchTag);
      },
      say: { progress: () => {}, warn: (what) => this.warnings.push(what) },
      clock: {
        now: () => world.clock.now,
        sleep: async (milliseconds) => {
          await gate(`sleep ${milliseconds}`);
          if (gate === ungated) {
            world.clock.now += milliseconds;
          }
        },
      },
      record: async (publication) => {
        await gate("record");
        this.remember(publication);
      },
    };
  }

  /** Each build gives another content, as two machines' builds do. */
  private build(scratchTag: string): Built {
    const digest = this.world.add(`${this.name} ${this.tag} ${++this.builds}`);
    const answer = this.world.set(scratchTag, digest);
    if (answer !== "tagged") {
      throw new Error(`the push under ${scratchTag} is refused`);
    }
    this.pushed.push(scratchTag);
    return { digest, isLabelled: false, tag: scratchTag, imageId: async () => undefined };
  }

  private remember(publication: Publication): void {
    const pushed = publication.kind === "published" ? publication.pushed : this.last?.pushed;
    this.last = { spec: `${REPOSITORY}:${this.tag}`, digest: publication.digest, pushed };
  }
}

/** Nobody is held up, and time goes by where it is waited for. */
export const ungated: Gate = async () => {};

/** Whether a call only reads the registry. */
export const isRead = (call: string) => /^(turn: look|look|read) /.test(call);
