import { invalidArgument } from "../../components/errors";
import type { Ref } from "../../components/git/lookup";
import { parseRepository } from "../../components/registry";
import type { ClusterNames } from "../cluster";
import { readDuration, type SourceFlags } from "../imageOptions";

/** What stays of a repository beside what is needed. */
export interface Keep {
  /** The versions of each image that are kept. Default: 10. */
  last: number;
  /** In milliseconds. Default: 30 days. */
  forMs: number;
  /** Default: all. */
  refs: RefPatterns;
}

export interface RepositorySettings {
  repository: string;
  /** Where its image is; undefined: found by its files. */
  image: (SourceFlags & { context: string }) | undefined;
  keep: Keep;
}

/** Clusters that are asked for the same. */
export interface ClusterSettings extends ClusterNames {
  /** None: all. */
  namespaces: string[];
  /** Kinds of objects that need not be read, as KIND.group or *.group. */
  ignoredKinds: string[];
}

/** Which repositories are pruned, and what is known of what needs their images. */
export interface Settings {
  /** A directory of the git repository. */
  context: string;
  /** Whether to get all branches and tags of the remotes first. */
  fetch: boolean;
  repositories: RepositorySettings[];
  /** "none": no cluster uses the repositories. Undefined: that was not said, and nothing can be deleted. */
  clusters: ClusterSettings[] | "none" | undefined;
  /** The stacks that there are; undefined if that was not said. */
  stacks: string[] | undefined;
}

/** The settings as options of the command line; a file of rules has all of them as well. */
export interface SettingsFlags extends SourceFlags, ClusterNames {
  /** The image's directory; else a directory of the git repository, the working directory. */
  context?: string;
  namespace?: string[];
  ignoreKind?: string[];
  fetch?: boolean;
  /** False: no cluster uses the repositories. */
  cluster: boolean;
  keepLast?: number;
  /** In milliseconds. */
  keepFor?: number;
  keepRefs?: string[];
  stack?: string[];
}

export const DEFAULT_KEEP: Keep = {
  last: 10,
  forMs: readDuration("30d"),
  refs: { branches: ["*"], tags: ["*"] },
};

/** The options that say what a run does, and stand beside a file of rules. */
const OF_THE_RUN = ["rules", "delete", "resume", "planDir", "verbose", "json"];

/** Throws InvalidArgument for settings beside a file of rules, which has all of them: it would not be clear which ones count. */
export function refuseBesideRules(file: string, repositories: string[], flags: SettingsFlags): void {
  const said = Object.entries(flags).flatMap(([name, value]) => {
    const isSaid = !OF_THE_RUN.includes(name) && value !== undefined && !(name === "cluster" && value);
    return isSaid
      ? [`--${name.replace("cluster", "noCluster").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`]
      : [];
  });
  const [first] = [...repositories, ...said];
  if (first !== undefined) {
    throw invalidArgument(`--rules ${file} can't be combined with ${first}. Put that into the file.`);
  }
}

/** The settings that a command line has. Throws InvalidArgument for what does not go together. */
export function settingsOf(repositories: string[], flags: SettingsFlags): Settings {
  const { kubeconfig = [], kubeContext = [], namespace = [], ignoreKind = [], context } = flags;
  const named = kubeconfig.length + kubeContext.length + namespace.length > 0;
  const { path, dockerfile, buildContext, base } = flags;
  const source = { path, dockerfile, buildContext, base };
  const isPlaced = Object.values(source).some((value) => value !== undefined);
  if (context === undefined && isPlaced) {
    throw invalidArgument("--path, --dockerfile, --build-context and --base need --context, the image's directory.");
  }
  if (!flags.cluster && named) {
    throw invalidArgument("--no-cluster can't be combined with options that name clusters.");
  }
  const keep: Keep = {
    last: flags.keepLast ?? DEFAULT_KEEP.last,
    forMs: flags.keepFor ?? DEFAULT_KEEP.forMs,
    refs: flags.keepRefs ? { branches: flags.keepRefs, tags: flags.keepRefs } : DEFAULT_KEEP.refs,
  };
  const image = context !== undefined && isPlaced ? { context, ...source } : undefined;
  const names = new Set(repositories.map((repository) => parseRepository(repository).repository));
  return {
    context: context ?? ".",
    fetch: flags.fetch === true,
    repositories: [...names].map((repository) => ({ repository, image, keep })),
    clusters: flags.cluster
      ? named
        ? [{ kubeconfig, kubeContext, namespaces: namespace, ignoredKinds: ignoreKind }]
        : undefined
      : "none",
    stacks: flags.stack,
  };
}

/** Throws InvalidArgument if something is to be deleted and nobody said what runs. */
export function refuseUnclear({ clusters }: Settings, isDeleting: boolean): void {
  if (isDeleting && clusters === undefined) {
    throw invalidArgument(
      "--delete needs to know which clusters use these repositories. Name them with --kube-context or " +
        "--kubeconfig, or add --no-cluster if none does (in a rules file: clusters).",
    );
  }
}

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
