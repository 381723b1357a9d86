import { VersionedImageError } from "../errors";
import type { CommitIndex, IndexEntry } from "./commitIndex";
import { quoted } from "./gitError";
import { settingsLike } from "./settings";

/** Git filters no symbolic links. */
const SYMLINK = "120000";

/** Which filter the committed attributes give each file; those without one are not among the answers. */
export async function filtersOf(
  index: CommitIndex,
  files: IndexEntry[],
  directory: string,
): Promise<Map<string, string>> {
  const names = files.filter(({ mode }) => mode !== SYMLINK).map(({ name }) => `${name}\0`);
  const printed = await index.git(["check-attr", "--cached", "-z", "--stdin", "filter"], {
    cwd: directory,
    input: names.join(""),
  });
  const filters = new Map<string, string>();
  const fields = printed.split("\0");
  for (let field = 0; field + 2 < fields.length; field += 3) {
    const [name = "", , value = ""] = fields.slice(field, field + 3);
    if (!NONE.has(value)) {
      filters.set(name, value);
    }
  }
  return filters;
}

/** How git says that an attribute has no value; only with one is there a filter. */
const NONE = new Set(["unspecified", "unset", "set"]);

/**
 * Those of the filters that change what is written. Throws FilterNotConfigured for one that this clone knows nothing of: what
 * it was to undo, such as an encryption, would be in the image for ever. Of Git LFS the files tell, which need be no pointers.
 */
export async function runningFilters(
  index: CommitIndex,
  filters: ReadonlyMap<string, string>,
  directory: string,
): Promise<Set<string>> {
  if (filters.size === 0) {
    return new Set();
  }
  const settings = await settingsLike("^filter\\.", (args) => index.git(args, { cwd: directory }));
  const drivers = new Map<string, Map<string, string>>();
  for (const [setting, value = ""] of settings) {
    const end = setting.lastIndexOf(".");
    const driver = setting.slice("filter.".length, end);
    drivers.set(driver, (drivers.get(driver) ?? new Map<string, string>()).set(setting.slice(end + 1), value));
  }
  for (const [name, filter] of filters) {
    const driver = drivers.get(filter);
    if (filter !== "lfs" && !COMMANDS.some((command) => driver?.has(command))) {
      throw new VersionedImageError(
        "FilterNotConfigured",
        `${name} has the filter ${JSON.stringify(filter)} in .gitattributes, which is not configured in this clone, so the image would ` +
          "contain the file unfiltered, for instance encrypted. Set up the filter (git-crypt: `git-crypt unlock`), " +
          `or, to use the file as committed, run \`git config filter.${quoted(filter)}.smudge cat\`.`,
      );
    }
  }
  return new Set(
    [...new Set(filters.values())].filter(
      (filter) => drivers.get(filter)?.get("process") || drivers.get(filter)?.get("smudge"),
    ),
  );
}

/** With one of these a filter counts as configured: one that only cleans leaves files as they were committed. */
const COMMANDS = ["smudge", "process", "clean"];
