import { shortTime } from "../output";
import { classOf, distanceOf, escaped, marksOf, placeOf, runsNowhere, sinceWords, whyOf } from "./describe";
import { LINE_STYLE, lineHtml } from "./line";
import type { ImageStatus, OtherImage, RunningImage, StatusReport } from "./report";

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

function imageHtml(image: ImageStatus, others: OtherImage[], now: Date): string {
  const { context, newest, running } = image;
  const version = newest
    ? `Newest version: <code>${newest.hash.slice(0, 7)}</code> ${escaped(newest.subject)}`
    : "It was never committed.";
  const body =
    running.length === 0 ? `<p>${runsNowhere(others)}</p>` : `${lineHtml(image)}\n${tableHtml(context, running, now)}`;
  return `<section>\n<h2>${escaped(context)}</h2>\n<p>${version}</p>\n${body}\n</section>`;
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

const STYLE = `
:root { color-scheme: light dark; --good: #1a7f37; --old: #9a6700; --bad: #cf222e; --rule: #8c959f; --focus: #0969da; }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --old: #d29922; --bad: #f85149; --rule: #6e7681; --focus: #58a6ff; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
td.good { color: var(--good); } td.old { color: var(--old); } td.bad, li.bad { color: var(--bad); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 0.3rem 0.8rem 0.3rem 0; vertical-align: top; }
td:nth-child(4), td:nth-child(5) { white-space: nowrap; }
thead th { border-bottom: 1px solid; }
${LINE_STYLE}`;
