import { existsSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { prepareContext } from "../../../components/context";
import { copyContext } from "../../../components/context/snapshot";
import { exportCommit, readFacts } from "../../../components/git";
import { decideVersion, TagPolicy } from "../../../components/version";

/** The most memory of this process, in bytes. What Node.js says counts that of the one that started it as well. */
function peakMemory(): number {
  const kilobytes = existsSync("/proc/self/status")
    ? Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1])
    : process.resourceUsage().maxRSS;
  return kilobytes * 1024;
}

/** Prepares the context of an image of the working directory, in production or debug, and prints where it is, and how much memory that took. */
async function main([image = "", mode]: string[]): Promise<void> {
  const debug = mode === "debug";
  const facts = await readFacts({ context: image });
  const version = decideVersion(facts, { debug, tagPolicy: TagPolicy.Commit, tagLength: 7 });
  const { directory: context } = await prepareContext({
    dockerfile: "Dockerfile",
    target: undefined,
    mtime: debug ? undefined : version.committedAt,
    write: (into) =>
      debug
        ? copyContext({ context: path.join(version.root, image), paths: undefined, dockerfile: "Dockerfile" }, into)
        : exportCommit(version, into),
  });
  console.log(JSON.stringify({ context, peak: peakMemory() }));
}

void main(process.argv.slice(2));
