import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { MOMENT } from "../components/protocol/tagOnce";
import { which } from "../scripts/setup/run";
import { COPIED, pushIndex } from "../test/support/images";
import { OwnRegistry } from "../test/support/ownRegistry";
import { versionedImage } from "./built";
import { atMost, interleaved, type Row } from "./row";

const run = promisify(execFile);

/** Images by what they weigh: an index of five layers, and one layer. In bytes. */
const IMAGES = [
  { name: "5 layers of 20 MB", platforms: ["amd64", "arm64", "386", "ppc64le", "s390x"], layer: 20_000_000 },
  { name: "a layer of 400 MB", platforms: ["amd64"], layer: 400_000_000 },
];

const OTHERS = [
  { name: "crane copy", program: "crane", args: (from: string, to: string) => ["copy", from, to] },
  {
    name: "skopeo copy",
    program: "skopeo",
    args: (from: string, to: string) => [
      ...["copy", "--all", "--quiet", "--insecure-policy", "--src-tls-verify=false", "--dest-tls-verify=false"],
      ...[`docker://${from}`, `docker://${to}`],
    ],
  },
];

/**
 * `versioned-image copy` between two registries on this machine, against what else copies images digest for digest; the second that it waits
 * before the tag is read back is added to the other side.
 */
export async function copyRows(rounds: number, progress: (line: string) => void): Promise<Row[]> {
  const [from, to] = [await OwnRegistry.start(), await OwnRegistry.start()];
  const rows: Row[] = [];
  try {
    for (const [place, { name, ...index }] of IMAGES.entries()) {
      const source = `${from.host}/app-${place}`;
      for (const { name: other, program, args } of OTHERS) {
        if (which(program) === undefined) {
          progress(`${other} is not measured: there is no ${program} on PATH.`);
          continue;
        }
        progress(`copying ${name}, against ${other}`);
        let number = 0;
        const target = (side: string) => `${to.host}/${program}-${place}-${side}-${++number}`;
        const [ours = 0, theirs = 1] = await interleaved(
          rounds,
          [
            () => versionedImage(["copy", `${source}:${COPIED.tag}`, target("ours")]),
            () => run(program, args(`${source}:${COPIED.tag}`, `${target("theirs")}:${COPIED.tag}`)),
          ],
          // Some remember where they have brought a blob, and have it mounted from there.
          () => pushIndex(source, COPIED.tag, COPIED.labels, index),
        );
        rows.push(atMost(1.15, `copy of ${name} / ${other}, and a second`, ours, theirs + MOMENT));
      }
    }
    return rows;
  } finally {
    await from.stop();
    await to.stop();
  }
}
