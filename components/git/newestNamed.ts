import { explain } from "./explain";
import { git } from "./git";
import type { Repository } from "./repository";

/** The newest commit of HEAD's history whose hash begins with one of these digits, and those. Throws GitFailed. */
export async function newestNamed({ root }: Repository, digits: string[]): Promise<string | undefined> {
  const named = new Set(digits);
  const lengths = [...new Set(digits.map(({ length }) => length))];
  if (lengths.length === 0) {
    return undefined;
  }
  try {
    const printed = await git(["rev-list", "HEAD"], { cwd: root });
    for (const hash of printed.split("\n")) {
      const length = lengths.find((each) => named.has(hash.slice(0, each)));
      if (length !== undefined) {
        return hash.slice(0, length);
      }
    }
    return undefined;
  } catch (error) {
    throw explain(error, root);
  }
}
