import { age } from "../../components/version";
import type { OtherImage, RunningImage } from "./report";

/** Where a version is on the line of commits that touch the image. */
export function distanceOf({ behind, ahead }: Pick<RunningImage, "behind" | "ahead">): string {
  if (behind === undefined || ahead === undefined) {
    return "not known";
  }
  const parts = [behind > 0 ? `${behind} behind` : "", ahead > 0 ? `${ahead} ahead` : ""].filter((part) => part !== "");
  return parts.join(", ") || "newest";
}

/** What is to be said of it beside that. */
export function marksOf({ debug, consistent, why, differing, terminating }: RunningImage): string[] {
  return [
    ...(debug ? ["debug"] : []),
    consistent ? "consistent" : `not consistent: ${why}`,
    ...(differing.length > 0 ? [`${differing.join(", ")}: the Deployment now names another image`] : []),
    ...(terminating.length > 0 ? [terminatingWords(terminating)] : []),
  ];
}

/** Why something that could not be shown to be one of the images is not, with those that will end soon. */
export function whyOf({ why, terminating }: OtherImage): string {
  return [why, ...(terminating.length > 0 ? [terminatingWords(terminating)] : [])].join("; ");
}

function terminatingWords(pods: string[]): string {
  return `terminating: ${pods.join(", ")}`;
}

export function sinceWords({ since }: Pick<RunningImage, "since">, now: Date): string {
  return since ? age(since, now) : "not known";
}

/** What is to be said where nothing was found to be an image: something may be that could not be looked at. */
export function runsNowhere(others: OtherImage[]): string {
  return others.some(({ suspect }) => suspect)
    ? "No running image was identified as this one. What could not be checked is listed below."
    : "It does not run anywhere.";
}

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
