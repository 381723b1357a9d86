import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import * as path from "node:path";
import { statusHtml } from "../cli/status/html";
import type { RunningImage, StatusReport } from "../cli/status/report";
import type { Commit } from "../components/version";
import { ROOT } from "./setup/paths";

/** The site, of docs/ and the public interface. It needs no network, neither here nor where it is read. */
const SITE = path.join(ROOT, "site");

/** When the example's page was made. */
const NOW = new Date("2026-01-15T09:00:00Z");

const SUBJECTS = [
  "Take orders",
  "Answer in JSON",
  "Log what is asked",
  "Limit the rate",
  "Say why an order is refused",
];

/** The commits of an image, the newest first. */
const VERSIONS: Commit[] = SUBJECTS.map((subject, number) => ({
  hash: `${(0xa1b2c3d + 0x1234567 * number).toString(16)}${"0".repeat(40)}`.slice(0, 40),
  subject,
  author: "Ada",
  committedAt: new Date(Date.UTC(2026, 0, 3 + 2 * number)),
})).reverse();

function running(environment: string, behind: number, days: number): RunningImage {
  const commit = VERSIONS[behind] as Commit;
  return {
    place: { cluster: environment, namespace: "shop" },
    repository: "registry.example/shop/api",
    digest: `sha256:${commit.hash.repeat(2).slice(0, 64)}`,
    tag: commit.hash.slice(0, 7),
    revision: commit.hash,
    commit,
    behind,
    ahead: 0,
    since: new Date(NOW.getTime() - days * 24 * 60 * 60 * 1000),
    debug: false,
    consistent: true,
    why: "",
    workloads: ["Deployment api"],
    pods: ["api-7c9d6f5b8-4xk2p", "api-7c9d6f5b8-q8zzn"],
    terminating: [],
    differing: [],
  };
}

/** What `versioned-image status images/api --html` would be told of two clusters. */
const EXAMPLE: StatusReport = {
  root: "/home/ada/shop",
  branch: "HEAD",
  places: ["staging", "production"].map((cluster) => ({ cluster, namespace: "shop" })),
  images: [
    {
      context: "images/api",
      newest: VERSIONS[0],
      versions: VERSIONS,
      running: [running("staging", 0, 1), running("production", 3, 6)],
    },
  ],
  others: [],
};

const typedoc = path.join(ROOT, "node_modules", "typedoc", "bin", "typedoc");
execFileSync(process.execPath, [typedoc, "--options", "typedoc.site.json"], { cwd: ROOT, stdio: "inherit" });
writeFileSync(path.join(SITE, "status.html"), statusHtml(EXAMPLE, NOW));
console.log(`The site is in ${path.relative(process.cwd(), SITE)}: open index.html.`);
