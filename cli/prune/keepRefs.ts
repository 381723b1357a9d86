import type { Ref } from "../../components/git/lookup";

/** Patterns of the branches and of the git tags whose versions stay, in which * stands for any characters. */
export interface RefPatterns {
  branches: string[];
  tags: string[];
}

/** Whether a branch or tag is meant by one of its kind's patterns. Remotes' names are left out. */
export function matchesRef({ name, kind }: Ref, { branches, tags }: RefPatterns): boolean {
  const short = kind === "remote branch" ? name.slice(name.indexOf("/") + 1) : name;
  return (kind === "tag" ? tags : branches).some((pattern) => globOf(pattern).test(short));
}

function globOf(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s");
}
