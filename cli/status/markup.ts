import type { RunningImage } from "./report";

/** What others wrote is text here, and nothing else. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

export function placeOf({ place }: Pick<RunningImage, "place">): string {
  return `${place.cluster}/${place.namespace}`;
}

/** Its colour, by how it is. */
export function classOf({ consistent, differing, debug, behind }: RunningImage): "good" | "old" | "bad" {
  if (!consistent || differing.length > 0) {
    return "bad";
  }
  return debug || behind ? "old" : "good";
}
