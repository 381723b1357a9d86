import type { Commit } from "../../components/version";
import { shortTime } from "../output";
import { classOf, distanceOf, escaped, placeOf } from "./describe";
import type { ImageStatus, RunningImage } from "./report";

/**
 * The image's versions on a line, the newest at the right: a tick for each, which says its commit when it is pointed at or has the focus,
 * and below a point for each place, with the names of what runs there. Nothing for places that run what this clone does not have.
 */
export function lineHtml({ context, newest, versions, running }: ImageStatus): string {
  const known = running.filter(({ behind }) => behind !== undefined);
  if (known.length === 0) {
    return "";
  }
  const oldestFirst = [...versions].reverse();
  const at = (image: RunningImage) => oldestFirst.findIndex(({ hash }) => hash === image.commit?.hash);
  const said = known.map((image) => `${placeOf(image)}: ${distanceOf(image)}`).join("; ");
  const runs = new Set(known.map(at));
  const ticks = oldestFirst.map((commit, index) =>
    tickHtml(commit, [
      ...(runs.has(index) ? ["runs"] : []),
      ...(commit.hash === newest?.hash ? ["newest"] : []),
      // The commit is shown above its tick, and within the page.
      ...(index < oldestFirst.length / 2 ? [] : ["right"]),
    ]),
  );
  const groups = [...runs].map((index) => ({
    x: (100 * (index + 0.5)) / oldestFirst.length,
    images: known.filter((image) => at(image) === index),
  }));
  return (
    `<div class="line" role="group" aria-label="${escaped(`${context}: ${said}`)}">\n` +
    `<p class="hint">${oldestFirst.length === 1 ? "One version" : `${oldestFirst.length} versions, the newest at the right`}: ` +
    "hover over one to see its commit, or use Tab.</p>\n" +
    `<ol class="ticks">${ticks.join("")}</ol>\n<div class="points">\n${pointsHtml(groups)}\n</div>\n</div>`
  );
}

function tickHtml({ hash, committedAt, subject }: Commit, classes: string[]): string {
  const words = escaped(`${hash.slice(0, 7)} · ${shortTime(committedAt)} · ${subject}`);
  return `<li tabindex="0" class="${classes.join(" ")}" aria-label="${words}"><span aria-hidden="true">${words}</span></li>`;
}

interface Points {
  /** Where its version is, in percent of the width. */
  x: number;
  images: RunningImage[];
}

/** Each version's points are in rows of their own, so that no names meet; from the middle outwards, stems cross few of them. */
function pointsHtml(groups: Points[]): string {
  const sorted = [...groups].sort((one, other) => Math.abs(one.x - 50) - Math.abs(other.x - 50));
  return sorted
    .map(({ x, images }, index) => {
      const left = `${x.toFixed(2)}%`;
      const [side, margin] =
        x > 50 ? ["right", `margin-right:${(100 - x).toFixed(2)}%`] : ["left", `margin-left:${left}`];
      const stem = `<i style="grid-row:1/${index + 2};margin-left:${left}"></i>`;
      return `${stem}<ul class="${side}" style="grid-row:${index + 1};${margin}">${images.map(pointHtml).join("")}</ul>`;
    })
    .join("\n");
}

function pointHtml(image: RunningImage): string {
  const words = `<b>${escaped(image.workloads.join(", "))}</b> in ${escaped(placeOf(image))}, ${distanceOf(image)}`;
  return `<li><i class="dot ${classOf(image)}"></i><span>${words}</span></li>`;
}

export const LINE_STYLE = `
.line { position: relative; margin: 1.5rem 0; }
.line ol, .line ul, .hint { list-style: none; margin: 0; padding: 0; }
.hint { font-size: 0.85rem; opacity: 0.7; min-height: 2rem; }
.ticks { display: flex; background: linear-gradient(var(--rule), var(--rule)) center / 100% 1px no-repeat; }
.ticks li { flex: 1; min-width: 0; height: 1.75rem; display: grid; place-items: center; outline: 0; }
.ticks li::before { content: ""; width: min(2px, 60%); height: 0.6rem; background: var(--rule); }
.ticks li.runs::before { height: 1.1rem; background: currentColor; }
.ticks li.newest::before { width: 4px; height: 1.1rem; background: var(--good); }
.ticks li:is(:hover, :focus)::before { width: 4px; height: 1.5rem; background: var(--focus); }
.ticks span { visibility: hidden; position: absolute; top: -0.4rem; left: 0; max-width: 100%; box-sizing: border-box; padding: 0.1rem 0.6rem; border: 1px solid var(--focus); border-radius: 0.3rem; background: Canvas; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; font-size: 0.85rem; }
.ticks li.right span { left: auto; right: 0; }
.ticks li:hover span, .ticks li:focus span { visibility: visible; z-index: 2; }
.ticks li:hover span { z-index: 3; }
.points { display: grid; font-size: 0.85rem; }
.points > i { grid-column: 1; width: 1px; margin: -0.3rem 0 1rem; background: var(--rule); }
.points ul { grid-column: 1; position: relative; padding: 0.3rem 0; min-width: 0; }
.points ul li { display: flex; gap: 0.5rem; align-items: baseline; margin-left: -0.32rem; }
.points ul.right li { flex-direction: row-reverse; text-align: right; margin: 0 -0.38rem 0 0; }
.points ul li span { background: Canvas; padding: 0 0.15rem; overflow-wrap: anywhere; }
.dot { flex: none; width: 0.7rem; height: 0.7rem; border-radius: 50%; position: relative; }
.dot.good { background: var(--good); } .dot.old { background: var(--old); } .dot.bad { background: var(--bad); }
`;
