import { readFacts } from "../../components/git";
import { createRegistryClient, parseRepository } from "../../components/registry";
import { type ImageFlags, sourceOf, versionOptionsOf } from "../imageOptions";
import { commitJson } from "../json";
import { type Io, printJson, type Status } from "../output";
import { type Explanation, explanationOf } from "./explanation";
import { sinceJson, sinceRevision, sinceText } from "./since";
import { explainText } from "./text";

export interface ExplainFlags extends ImageFlags {
  repository?: string;
  platform: string;
  since?: string;
  json?: boolean;
}

/** Shows how a version came about and what an update would do. The answer is no if that would be refused. */
export async function explain(context: string, flags: ExplainFlags, io: Io): Promise<Status> {
  const { repository, platform } = flags;
  if (repository !== undefined) {
    parseRepository(repository);
  }
  const facts = await readFacts(await sourceOf(context, flags));
  const explanation = await explanationOf(facts, {
    options: versionOptionsOf(flags),
    repository,
    platform,
    client: createRegistryClient({ env: io.env }),
  });
  const since = flags.since === undefined ? undefined : await sinceRevision(facts, flags.since);
  if (flags.json) {
    printJson(io, { ...explanationJson(explanation), ...(since && { since: sinceJson(since) }) });
  } else {
    io.out(explainText(explanation, io) + (since ? `\n${sinceText(since)}` : ""));
  }
  return explanation.update.action === "refuse" ? 1 : 0;
}

function explanationJson({ facts, options, version, repository, held, newest, update }: Explanation) {
  const { root, context, paths, files, bases, dockerfile, commit, tree, remote, shallow } = facts;
  const { uncommitted, hidden, leftOut, ignored, uninitialized, missing } = facts;
  return {
    tag: version?.tag ?? null,
    debug: options.debug,
    commit: commit ? commitJson(commit) : null,
    tree: tree ?? null,
    git: { root, shallow },
    source: remote ?? null,
    context,
    paths,
    files,
    bases: Object.fromEntries(Object.entries(bases).map(([name, { covers }]) => [name, covers])),
    dockerfile,
    uncommitted,
    hidden,
    leftOut,
    ignored,
    uninitialized,
    missing,
    registry:
      repository === undefined
        ? null
        : {
            repository,
            digest: held?.digest ?? null,
            build: held?.build ?? null,
            warning: held?.warning ?? null,
            newest: typeof newest === "string" ? { problem: newest } : (newest ?? null),
          },
    update,
  };
}
