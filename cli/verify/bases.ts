import { VersionedImageError } from "../../components/errors";
import { type ImageConfig, parseReference, type RegistryClient } from "../../components/registry";
import { dirtyIn, type LabelledBase, labelIn, shownPaths, TREE_LABEL } from "../../components/version";
import { attempt } from "../attempt";
import { type Check, contradicted, lacking, proven, unproven } from "./check";

/** An image that another one says it is built on. */
export interface FoundBase {
  name: string;
  /** As the label has it. */
  reference: string;
  covers: string[];
  /** Where it was looked at; in words, why it was not. */
  place: BasePlace | string;
}

interface BasePlace {
  /** As the label has it, or repository@digest, which is the same image. */
  reference: string;
  /** For each platform of the image that is built on it. */
  images: ImageConfig[];
}

interface Asked {
  client: RegistryClient;
  /** The image that is built on them: its registry's host, and what it is for each platform. */
  host: string;
  images: ImageConfig[];
  /** The repositories in which they may be looked for, beside those of that host. */
  repositories: string[];
}

/** Looks at the images that labels name. Labels are data: no other host is asked than the image's own and those of `repositories`. */
export function readBases(bases: Record<string, LabelledBase>, asked: Asked): Promise<FoundBase[]> {
  const found = Object.entries(bases).map(async ([name, base]) => ({
    ...{ name, ...base },
    place: await lookAt(base.reference, asked),
  }));
  return Promise.all(found);
}

/** In words, why it was not looked at. */
async function lookAt(text: string, { client, host, images, repositories }: Asked): Promise<BasePlace | string> {
  const named = referenceIn(text);
  if (named?.digest === undefined) {
    return "it has no digest";
  }
  const { digest } = named;
  const places = new Set([...(named.host === host ? [named.repository] : []), ...repositories]);
  if (places.size === 0) {
    return `${named.host} is not the registry of this image: name its repository with --base-repository`;
  }
  let why = `no such image in ${[...places].join(" or ")}`;
  for (const repository of places) {
    const found = await attempt(async () => {
      const isThere = await client.resolve(repository, digest);
      return isThere && Promise.all(images.map(({ platform }) => client.inspect(repository, digest, platform)));
    });
    if (found instanceof VersionedImageError) {
      // Another place may have it.
      why = `${found.message} [${found.code}]`;
    } else if (found) {
      return { reference: repository === named.repository ? text : `${repository}@${digest}`, images: found };
    }
  }
  return why;
}

function referenceIn(text: string) {
  try {
    return parseReference(text);
  } catch {
    // The label is data of whoever pushed the image: it names nothing.
    return undefined;
  }
}

export interface BaseEvidence {
  bases: FoundBase[];
  /** The image that is built on them, for each of its platforms. */
  images: ImageConfig[];
  /** What each covers, as the image's commit holds it; undefined if that lacks some of it. */
  trees: Record<string, string | undefined>;
  /** Whether they were asked for, so that one that can't be looked at is lacking. */
  required: boolean;
}

/** Whether what an image says it is built on is the version that its commit had. */
export function baseChecks({ bases, ...evidence }: BaseEvidence): Check[] {
  return bases.map((base) => baseCheck(base, evidence));
}

function baseCheck(base: FoundBase, { images, trees, required }: Omit<BaseEvidence, "bases">): Check {
  const { name, reference, place } = base;
  const [shown, covers] = [`${name} is ${reference || "unknown"}`, shownPaths(base.covers)];
  if (typeof place === "string") {
    return (required ? lacking : unproven)("base", `${shown}, which was not checked: ${place}`);
  }
  const wanted = trees[name];
  for (const { labels } of place.images) {
    const tree = labelIn(labels, TREE_LABEL);
    if (tree === undefined) {
      return contradicted("base", `${shown}, which has no label ${TREE_LABEL}, so what it was made of is unknown`);
    }
    if (wanted === undefined || tree !== wanted) {
      return contradicted(
        "base",
        `${shown}, which has tree ${tree}, but ${covers} at the image's commit is ${wanted ?? "missing"}`,
      );
    }
    if (dirtyIn(labels) !== undefined && images.some((image) => dirtyIn(image.labels) === undefined)) {
      return contradicted("base", `${shown}, which is a debug image`);
    }
  }
  const message = `${shown}, whose tree ${wanted} is ${covers} at the image's commit`;
  return images.every((image, index) => beginsWith(image, place.images[index]))
    ? proven("base", `${message}; its layers are the first of the image`)
    : unproven("base", `${message}; its layers are not the first of the image (perhaps only a stage is built on it)`);
}

/**
 * The references under which bases can be pulled, by their names; in words, why one is not to be built on: it was not looked at, or is not
 * what the commit had.
 */
export function baseReferences({ bases, ...evidence }: BaseEvidence): Record<string, string> | string {
  const unfit = bases.find(
    (base) => typeof base.place === "string" || baseCheck(base, evidence).result === "contradicted",
  );
  return unfit
    ? baseCheck(unfit, evidence).message
    : Object.fromEntries(bases.map(({ name, place }) => [name, typeof place === "string" ? "" : place.reference]));
}

function beginsWith({ layers }: ImageConfig, base: ImageConfig | undefined): boolean {
  return base !== undefined && base.layers.length > 0 && base.layers.every((layer, index) => layer === layers[index]);
}
