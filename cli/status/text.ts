import { columns, count, type Io, paint, printable } from "../output";
import { classOf, distanceOf, marksOf, placeOf, runsNowhere, sinceWords, whyOf } from "./describe";
import type { ImageStatus, OtherImage, RunningImage, StatusReport } from "./report";

const STYLES = { good: "green", old: "yellow", bad: "red" } as const;

/** The report for people: a table for each image. */
export function statusText(report: StatusReport, io: Io): string {
  const { root, branch, places, images, others } = report;
  const where = places.map(({ cluster, namespace }) => `${cluster}/${namespace}`).join(", ");
  const note =
    `Versions are compared with ${printable(branch)} in ${printable(root)}. ` +
    `Running images are from ${printable(where)}.`;
  const said = others.map((other) => paint(io, other.suspect ? "red" : "dim", `${otherText(other)}\n`));
  return [
    ...images.map((image) => imageText(image, others, io)),
    [`${paint(io, "dim", note)}\n`, ...said].join(""),
  ].join("\n");
}

function otherText(other: OtherImage): string {
  const { image, pods } = other;
  return printable(`${placeOf(other)}: ${image} (${count(pods.length, "container")}): ${whyOf(other)}`);
}

function imageText({ context, newest, running }: ImageStatus, others: OtherImage[], io: Io): string {
  const version = newest ? `${newest.hash.slice(0, 7)} "${printable(newest.subject)}"` : "never committed";
  const title = `${paint(io, "bold", printable(context))}: newest version ${version}\n`;
  if (running.length === 0) {
    return `${title}${runsNowhere(others)}\n`;
  }
  const [header = "", ...rows] = columns([
    ["PLACE", "TAG", "COMMIT", "VERSION", "SINCE", "PODS", "STATE"],
    ...running.map((image) => [
      printable(placeOf(image)),
      printable(image.tag ?? image.digest.slice(0, 19)),
      image.commit
        ? `${image.commit.hash.slice(0, 7)} ${printable(image.commit.subject).slice(0, 40)}`
        : "(not in this clone)",
      distanceOf(image),
      sinceWords(image, io.now()),
      String(image.pods.length),
      printable(marksOf(image).join("; ")),
    ]),
  ]);
  const lines = rows.map((line, index) => paint(io, STYLES[classOf(running[index] as RunningImage)], line));
  return `${title}\n${[paint(io, "dim", header), ...lines].join("\n")}\n`;
}
