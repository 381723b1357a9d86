import { shortTime } from "../output";
import type { ImageStatus, OtherImage, RunningImage, StatusReport } from ".";
import { distanceOf, marksOf, runsNowhere, sinceWords, whyOf } from "./describe";

/** One page that needs nothing else: the same as the text, and each image's places on a line of its commits. */
export function statusHtml({ root, branch, places, images, others }: StatusReport, now: Date): string {
  const where = places.map(({ cluster, namespace }) => `${cluster}/${namespace}`).join(", ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>What runs where</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>What runs where</h1>
<p>Compared with <code>${escaped(branch)}</code> of <code>${escaped(root)}</code>, in ${escaped(where)}, at ${shortTime(now)}.</p>
${images.map((image) => imageHtml(image, others, now)).join("\n")}
${
  others.length === 0
    ? ""
    : `<section><h2>Other images</h2>\n<ul>\n${others
        .map(
          (other) =>
            `<li${other.suspect ? ' class="bad"' : ""}><code>${escaped(other.image)}</code> in ` +
            `${escaped(placeOf(other))} (${escaped(other.pods.join(", "))}): ${escaped(whyOf(other))}</li>`,
        )
        .join("\n")}\n</ul></section>`
}
</main>
</body>
</html>
`;
}

function imageHtml({ context, newest, running }: ImageStatus, others: OtherImage[], now: Date): string {
  const version = newest
    ? `Newest version: <code>${newest.hash.slice(0, 7)}</code> ${escaped(newest.subject)}`
    : "It was never committed.";
  const body =
    running.length === 0
      ? `<p>${runsNowhere(others)}</p>`
      : `${lineHtml(context, running)}\n${tableHtml(context, running, now)}`;
  return `<section>\n<h2>${escaped(context)}</h2>\n<p>${version}</p>\n${body}\n</section>`;
}

const [WIDTH, MARGIN, ROW] = [640, 40, 26];

/** The commits that touch the image, the newest at the right, with a mark for each place. */
function lineHtml(context: string, running: RunningImage[]): string {
  const known = running.filter(({ behind }) => behind !== undefined);
  const most = Math.max(1, ...known.map(({ behind = 0 }) => behind));
  const at = (behind: number) => Math.round(WIDTH - MARGIN - (behind / most) * (WIDTH - 2 * MARGIN));
  const height = ROW * (known.length + 1);
  const said = known.map((image) => `${placeOf(image)}: ${distanceOf(image)}`).join("; ");
  const marks = known.map((image, index) => {
    const [x, y] = [at(image.behind ?? 0), ROW * (index + 1)];
    const anchor = x > WIDTH / 2 ? "end" : "start";
    const text = `<text x="${x + (anchor === "end" ? -10 : 10)}" y="${y + 4}" text-anchor="${anchor}">${escaped(placeOf(image))}</text>`;
    return `<line x1="${x}" y1="8" x2="${x}" y2="${y}"/><circle class="${classOf(image)}" cx="${x}" cy="${y}" r="6"/>${text}`;
  });
  return (
    `<svg role="img" aria-label="${escaped(`${context}: ${said}`)}" viewBox="0 0 ${WIDTH} ${height}">` +
    `<line x1="${MARGIN}" y1="8" x2="${WIDTH - MARGIN}" y2="8"/>${marks.join("")}</svg>`
  );
}

function tableHtml(context: string, running: RunningImage[], now: Date): string {
  const rows = running.map(
    (image) =>
      `<tr><th scope="row">${escaped(placeOf(image))}</th><td><code>${escaped(image.tag ?? image.digest.slice(0, 19))}</code></td>` +
      `<td>${image.commit ? escaped(image.commit.subject) : "not in this clone"}</td><td>${distanceOf(image)}</td>` +
      `<td>${image.since ? `<time datetime="${image.since.toISOString()}">${sinceWords(image, now)}</time>` : "not known"}</td>` +
      `<td>${image.pods.length}</td><td class="${classOf(image)}">${escaped(marksOf(image).join("; "))}</td></tr>`,
  );
  return (
    `<div class="wide" tabindex="0" role="region" aria-label="${escaped(context)}"><table>` +
    "<thead><tr>" +
    ["Place", "Tag", "Commit", "Version", "Since", "Pods", "State"]
      .map((name) => `<th scope="col">${name}</th>`)
      .join("") +
    `</tr></thead>\n<tbody>\n${rows.join("\n")}\n</tbody></table></div>`
  );
}

function placeOf({ place }: Pick<RunningImage, "place">): string {
  return `${place.cluster}/${place.namespace}`;
}

function classOf({ consistent, differing, debug, behind }: RunningImage): string {
  if (!consistent || differing.length > 0) {
    return "bad";
  }
  return debug || behind ? "old" : "good";
}

/** What others wrote is text here, and nothing else. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = `
:root { color-scheme: light dark; --good: #1a7f37; --old: #9a6700; --bad: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --old: #d29922; --bad: #f85149; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
svg { width: 100%; height: auto; font: 13px system-ui, sans-serif; }
svg line { stroke: currentColor; opacity: 0.5; }
svg text { fill: currentColor; }
circle.good { fill: var(--good); } circle.old { fill: var(--old); } circle.bad { fill: var(--bad); }
td.good { color: var(--good); } td.old { color: var(--old); } td.bad, li.bad { color: var(--bad); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 0.3rem 0.8rem 0.3rem 0; vertical-align: top; }
thead th { border-bottom: 1px solid; }
`;
