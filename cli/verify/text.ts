import { fields, type Io, paint, printable, type Style } from "../output";
import { type Check, isConsistent, isVerified, type Result, refusalOf, whyNot } from "./check";
import type { Verification } from "./verification";

const SECTIONS: [result: Result, title: string, style: Style][] = [
  ["proven", "Proven", "green"],
  ["contradicted", "Contradicted", "red"],
  ["unproven", "Not proven", "yellow"],
];

/** The checks for people: what is proven, and what is not. */
export function verifyText({ repository, tag, digest, checks }: Verification, io: Io): string {
  const spec = tag === undefined ? repository : `${repository}:${tag}`;
  const sections = SECTIONS.flatMap(([result, title, style]) => {
    const found = checks.filter((check) => check.result === result);
    return found.length > 0 ? [`${paint(io, style, title)}\n${fields(found.map(line), "  ")}`] : [];
  });
  return [`${paint(io, "bold", spec)}\n${digest}\n`, ...sections, `${answer(checks, io)}\n`].join("\n");
}

function line({ name, message }: Check): [string, string[]] {
  return [name, [printable(message)]];
}

function answer(checks: Check[], io: Io): string {
  if (isVerified(checks)) {
    return paint(io, "green", "Verified: the image's labels and files match git.");
  }
  if (isConsistent(checks)) {
    return paint(io, "green", "Consistent: the image's labels match git.");
  }
  const why = checks.some(({ result }) => result === "contradicted") ? "something is contradicted" : whyNot(checks);
  return paint(io, "red", `${refusalOf(checks) === "not verified" ? "Not verified" : "Not consistent"}: ${why}.`);
}
