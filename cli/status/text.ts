import { columns, count, type Io, paint, printable } from "../output";
import { distanceOf, marksOf, runsNowhere, sinceWords, whyOf } from "./describe";
import type { ImageStatus, OtherImage, StatusReport } from "./report";

/** The report for people: a table for each image. */
export function statusText(report: StatusReport, io: Io): string {
  const { root, branch, places, images, others } = report;
  const where = places.map(({ cluster, namespace }) => `${cluster}/${namespace}`).join(", ");
  const notes = [
    `Versions are compared with ${printable(branch)} of ${printable(root)}; what runs was asked of ${printable(where)}.`,
  ];
  const said = others.map((other) => paint(io, other.suspect ? "red" : "dim", `${otherText(other)}\n`));
  return [
    ...images.map((image) => imageText(image, others, io)),
    [...notes.map((note) => `${paint(io, "dim", note)}\n`), ...said].join(""),
  ].join("\n");
}

function otherText(other: OtherImage): string {
  const { place, image, pods } = other;
  const where = `${place.cluster}/${place.namespace}: ${image} (${count(pods.length, "container")})`;
  return printable(`${where}: ${whyOf(other)}`);
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
      printable(`${image.place.cluster}/${image.place.namespace}`),
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
  const lines = rows.map((line, index) => {
    const image = running[index];
    const style =
      !image?.consistent || image.differing.length > 0 ? "red" : image.debug || image.behind ? "yellow" : "green";
    return paint(io, style, line);
  });
  return `${title}\n${[paint(io, "dim", header), ...lines].join("\n")}\n`;
}
