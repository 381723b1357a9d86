import { columns, count, type Io, paint, printable } from "../output";
import type { ImageStatus, StatusReport } from ".";
import { distanceOf, marksOf, sinceWords } from "./describe";

/** The report for people: a table for each image. */
export function statusText(report: StatusReport, io: Io): string {
  const { root, branch, places, images, others } = report;
  const where = places.map(({ cluster, namespace }) => `${cluster}/${namespace}`).join(", ");
  const notes = [
    `Versions are compared with ${printable(branch)} of ${printable(root)}; what runs was asked of ${printable(where)}.`,
    ...others.map(
      ({ place, image, why, pods }) =>
        `${place.cluster}/${place.namespace}: ${printable(image)} (${count(pods.length, "container")}): ${printable(why)}`,
    ),
  ];
  return [
    ...images.map((image) => imageText(image, io)),
    notes.map((note) => `${paint(io, "dim", note)}\n`).join(""),
  ].join("\n");
}

function imageText({ context, newest, running }: ImageStatus, io: Io): string {
  const version = newest ? `${newest.hash.slice(0, 7)} "${printable(newest.subject)}"` : "never committed";
  const title = `${paint(io, "bold", printable(context))}: newest version ${version}\n`;
  if (running.length === 0) {
    return `${title}It runs nowhere.\n`;
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
      !image?.verified || image.differing.length > 0 ? "red" : image.debug || image.behind ? "yellow" : "green";
    return paint(io, style, line);
  });
  return `${title}\n${[paint(io, "dim", header), ...lines].join("\n")}\n`;
}
