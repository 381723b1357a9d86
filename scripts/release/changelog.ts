/** The heading of what is not released yet. */
export const UNRELEASED = "Unreleased";

/**
 * What a changelog has under `## TITLE` or `## TITLE - DATE`, without the heading. Undefined where there is no such section, or
 * nothing in it but headings.
 */
export function sectionOf(changelog: string, title: string): string | undefined {
  for (const section of changelog.split(/^## /m).slice(1)) {
    const [heading = "", ...lines] = section.split("\n");
    const [named] = heading.split(" - ");
    if (named?.trim() === title && lines.some((line) => line.trim() !== "" && !line.startsWith("#"))) {
      return lines.join("\n").trim();
    }
  }
  return undefined;
}
