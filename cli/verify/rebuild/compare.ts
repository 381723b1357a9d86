import { isDeepStrictEqual } from "node:util";
import { fieldsOf } from "../../../components/registry";
import { type BuiltImage, list } from "./content";

/** Where the images of two builds begin to differ. */
export type Difference =
  | { kind: "platforms"; published: string[]; rebuilt: string[] }
  | { kind: "layer"; platform: string; number: number; instruction: string; published: string; rebuilt: string }
  | { kind: "config"; platform: string; fields: string[] };

/**
 * The first difference between what two builds made; undefined if there is none. The configuration says what all layers hold once they are
 * unpacked, so that how they are packed makes no difference.
 */
export function firstDifference(published: BuiltImage[], rebuilt: BuiltImage[]): Difference | undefined {
  const names = (images: BuiltImage[]) => images.map(({ platform }) => platform).sort();
  if (!isDeepStrictEqual(names(published), names(rebuilt))) {
    return { kind: "platforms", published: names(published), rebuilt: names(rebuilt) };
  }
  for (const image of published) {
    const other = rebuilt.find(({ platform }) => platform === image.platform);
    if (other && image.configDigest !== other.configDigest) {
      return between(image, other);
    }
  }
  return undefined;
}

function between(published: BuiltImage, rebuilt: BuiltImage): Difference {
  const { platform } = published;
  const [before, after] = [published, rebuilt].map(({ config }) => list(fieldsOf(config.rootfs).diff_ids));
  const count = Math.max(before?.length ?? 0, after?.length ?? 0);
  for (let index = 0; index < count; index++) {
    if (before?.[index] !== after?.[index]) {
      return {
        kind: "layer",
        platform,
        number: index + 1,
        instruction: instructionOf(published, index) ?? instructionOf(rebuilt, index) ?? "(not said)",
        published: published.layers[index] ?? "",
        rebuilt: rebuilt.layers[index] ?? "",
      };
    }
  }
  const keys = [...new Set([...Object.keys(published.config), ...Object.keys(rebuilt.config)])].sort();
  const fields = keys.filter((key) => !isDeepStrictEqual(published.config[key], rebuilt.config[key]));
  return { kind: "config", platform, fields };
}

/** The instruction that made a layer, as the image's history has it. */
function instructionOf({ config }: BuiltImage, layer: number): string | undefined {
  const made = list(config.history)
    .map(fieldsOf)
    .filter(({ empty_layer: isEmpty }) => isEmpty !== true);
  const words = made[layer]?.created_by;
  return typeof words === "string" ? words.replace(/ # buildkit$/, "") : undefined;
}
