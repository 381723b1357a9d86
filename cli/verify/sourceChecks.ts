import { type Check, contradicted, unproven } from "./check";
import type { Evidence } from "./evidence";

/** What is to be said of the labels that name what an image was made of; nothing where they are as they should be, or not there. */
export function sourceChecks({ origin: { labelled, located, wrong } }: Evidence): Check[] {
  if (labelled === undefined) {
    return [];
  }
  if (labelled === "unread") {
    return [
      unproven(
        "source",
        "its labels name what it was made of in words that can't be so: they count as if they were not there",
      ),
    ];
  }
  if (!located) {
    return wrong === undefined ? [] : [contradicted("source", `its labels name what it was made of, and ${wrong}`)];
  }
  const [said, told] = [labelled, located].map(({ context, paths, dockerfile }) => {
    return `${shown(paths)} (context ${context || "."}, Dockerfile ${dockerfile})`;
  });
  return said === told
    ? []
    : [unproven("source", `its labels say that it was made of ${said}, and the options, which count, say ${told}`)];
}

function shown(paths: string[]): string {
  return paths.map((path) => path || "the whole repository").join(", ");
}
