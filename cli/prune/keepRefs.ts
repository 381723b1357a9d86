import type { Ref } from "../../components/git/lookup";

/** Whether a branch or tag is meant by one of the patterns, in which * stands for any characters. Remotes' names are left out. */
export function matchesRef({ name, kind }: Ref, patterns: string[]): boolean {
  const short = kind === "remote branch" ? name.slice(name.indexOf("/") + 1) : name;
  return patterns.some((pattern) => globOf(pattern).test(short));
}

function globOf(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s");
}
