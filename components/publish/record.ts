import * as pulumi from "@pulumi/pulumi";
import type { Builder } from "../args";
import { hooksFor, isMocked, knownValue } from "../pulumi";

/** What a stack's state keeps of an image. */
export interface Kept {
  /** What this stack published last, and with what its builder's resource is declared; empty if it never did. */
  own: Partial<Own>;
  /** Where debug images are built; empty if there were none. */
  debug: { place?: string };
  /** What this stack copied last; not there if it never did, or has built an image since. */
  copied?: Copied;
  /** What the stack uses. */
  current: Used;
}

export interface Own {
  /** repository:tag */
  spec: string;
  /** The digest of the labelled image that was made of what was built. */
  digest: string;
  /** repository:tag under which what was built was pushed; the repository alone, if it was pushed by digest. */
  pushedAs: string;
  /** The place that it was built from: its name; BuildKit's, as `placeOf` reads it. */
  place: string;
  /** The Dockerfile in it. */
  dockerfile: string;
  /** What built it; not there for Docker. */
  builder?: Builder;
}

export interface Copied {
  /** repository:tag */
  spec: string;
  digest: string;
  /** The repository that had it. */
  from: string;
  /** When, so that each copy changes the record, also that of a version which was there before. */
  at: string;
}

export interface Used {
  /** repository:tag; empty if there was none yet. */
  spec: string;
  /** Empty for debug images, whose digest the builder's resource keeps. */
  digest: string;
  /** How the program says that it is built, so that what it says differently is noticed; not there in records of old. */
  build?: string;
  /** The tags that were moved to it, sorted and separated by spaces; not there where there are none. */
  alsoTag?: string;
  /** The tags that were written once beside its version's, as those. */
  releaseTags?: string;
}

/** How a record is written. */
export interface Entry {
  /** The parts that stay as the state has them. */
  keep: (keyof Kept | "current.build" | "current.releaseTags")[];
  /** The other parts. */
  write: {
    [Part in keyof Kept]?: pulumi.Input<{
      [Key in keyof NonNullable<Kept[Part]>]: pulumi.Input<NonNullable<Kept[Part]>[Key]>;
    }>;
  };
  dependsOn?: pulumi.Resource;
  /**
   * Called before anything but what is kept changes, in previews too, with what was used before (nothing, of a record that
   * is new). What it throws keeps the record as it is and ends the update.
   */
  beforeChange?(before: Used | undefined): Promise<void>;
}

const NOTHING: Kept = { own: {}, debug: {}, current: { spec: "", digest: "" } };

/**
 * Keeps in the stack's state what became of an image, and returns what is kept now: for the parts that stay, what earlier
 * updates wrote, and all of it in an update that leaves the image out. Undefined while a preview can't know it, and where there is no record
 * since the update leaves it out.
 */
export async function keepRecord(
  name: string,
  component: pulumi.ComponentResource,
  { keep, write, dependsOn, beforeChange }: Entry,
): Promise<Kept | undefined> {
  if (isMocked()) {
    await beforeChange?.(undefined);
  }
  const hooks =
    beforeChange &&
    (await hooksFor(component, {
      name: "record",
      inPreview: true,
      before: ({ oldInputs }) => beforeChange((oldInputs?.input as Partial<Kept> | undefined)?.current),
    }));
  const stash = new pulumi.Stash(
    recordName(name),
    { input: { ...NOTHING, ...write } },
    {
      parent: component,
      dependsOn,
      hooks,
      ignoreChanges: keep.map((part) => `input.${part}`),
      // Its loss is mended by what the registry says, so there is nothing to protect.
      protect: false,
    },
  );
  // What is left out and not there has the inputs that it would have been given, but no id.
  if (!pulumi.runtime.isDryRun() && !isMocked() && (await knownValue(stash.id)) === undefined) {
    return undefined;
  }
  const kept = await knownValue<Partial<Kept> | undefined>(stash.input);
  return kept && { ...NOTHING, ...kept };
}

/** The URN of an image's record, for messages. */
export function recordUrn(component: pulumi.ComponentResource, name: string): Promise<string> {
  return new Promise((resolve) => pulumi.createUrn(recordName(name), "pulumi:index:Stash", component).apply(resolve));
}

function recordName(name: string): string {
  return `${name}-record`;
}

/** Whether what a stack uses is what it copied. */
export function isCopied(kept: Kept | undefined, { spec, digest }: Pick<Used, "spec" | "digest">): boolean {
  return kept?.copied?.spec === spec && kept.copied.digest === digest;
}

/** What this stack built last, if it ever did. */
export function ownOf(kept: Kept | undefined): Own | undefined {
  return kept?.own.place === undefined ? undefined : (kept.own as Own);
}
