import type { SimpleGitOptions } from "simple-git";

/** Settings that must not change what git answers, nor make it run a program. */
export const SETTINGS = [
  "advice.graftFileDeprecated=false",
  "core.fsmonitor=false",
  "core.hooksPath=/dev/null",
  "core.quotePath=false",
  "i18n.logOutputEncoding=UTF-8",
  "log.showSignature=false",
  "status.renames=false",
  "submodule.recurse=false",
];

const OWN = {
  LC_ALL: "C",
  GIT_LITERAL_PATHSPECS: "1",
  GIT_NO_REPLACE_OBJECTS: "1",
  GIT_GRAFT_FILE: "/dev/null",
  GIT_OPTIONAL_LOCKS: "0",
  GIT_TERMINAL_PROMPT: "0",
};

/**
 * Of git's own variables, those that say how to reach things, not which repository, index or history to read, nor to leave
 * out what Git LFS stores.
 */
const KEPT =
  /^GIT_(CONFIG_|SSH|ASKPASS$|EXEC_PATH$|CEILING_DIRECTORIES$|DISCOVERY_ACROSS_FILESYSTEM$|LFS_(?!SKIP_SMUDGE$)|SSL_|PROXY_)/;

/** What variables of the user git gets: all but those of git that are not kept, and those that name an editor or pager. */
export function gitEnvironment(): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    ([name, value]) =>
      value !== undefined &&
      (name.startsWith("GIT_") ? KEPT.test(name) : !/^(EDITOR|VISUAL|PAGER|LC_\w+|LANG)$/.test(name)),
  );
  return { ...(Object.fromEntries(inherited) as Record<string, string>), ...OWN };
}

/**
 * What simple-git takes for unsafe and we rely on: our own settings that turn hooks and monitors off, and the user's environment,
 * which may set anything by GIT_CONFIG_COUNT. Arguments that could do so are no one's but ours.
 */
export const TRUSTED: SimpleGitOptions["unsafe"] = {
  allowAbbreviatedOptions: true,
  ...Object.fromEntries(
    [
      "Alias AskPass CommandBinaries ConfigEnvCount ConfigPaths CredentialHelper DiffExternal DiffTextConv Editor Exec Filter",
      "FsMonitor GitProxy GpgProgram HooksPath Include MergeDriver Pack Pager ProtocolOverride SshCommand Submodule",
      "TemplateDir UrlRewrite",
    ]
      .flatMap((names) => names.split(" "))
      .map((name) => [`allowUnsafe${name}`, true]),
  ),
};
