import { repositoriesOf, sayUnmeant } from "../../components/bake";
import { VersionedImageError } from "../../components/errors";
import { type ImageSource, readFacts } from "../../components/git";
import { createRegistryClient, parseRepository } from "../../components/registry";
import { attempt } from "../attempt";
import { type BakeFlags, bakedSources } from "../bake";
import { type ImageFlags, sourceOf, versionOptionsOf } from "../imageOptions";
import { commitJson, type Io, paint, printable, printError, printJson, printResult, type Status } from "../output";
import { type Explanation, explanationOf, type Question } from "./explanation";
import { type Since, sinceJson, sinceRevision, sinceText } from "./since";
import { explainText } from "./text";

export interface ExplainFlags extends ImageFlags, BakeFlags {
  repository?: string;
  platform: string;
  since?: string;
  json?: boolean;
}

/** Shows how a version came about and what an update would do. The answer is no if that would be refused. */
export async function explain(names: string[], flags: ExplainFlags, io: Io): Promise<Status> {
  return flags.bake === undefined
    ? explainOne(names[0] as string, flags, io)
    : explainBaked(names, flags, flags.bake, io);
}

async function explainOne(context: string, flags: ExplainFlags, io: Io): Promise<Status> {
  const { repository, platform } = flags;
  if (repository !== undefined) {
    parseRepository(repository);
  }
  const client = createRegistryClient({ env: io.env });
  const explained = await explainedOf(await sourceOf(context, flags), { repository, platform, client }, flags);
  printResult(io, flags.json, explained, explainedJson, (shown) => explainedText(shown, io));
  return isRefused(explained) ? 1 : 0;
}

/** Each target that was asked for; one that fails does not hide the others. */
async function explainBaked(targets: string[], flags: ExplainFlags, files: string[], io: Io): Promise<Status> {
  const { repository } = flags;
  const { sources, unmeant } = await bakedSources(files, targets, io);
  const images = sources.flatMap(({ image }) => image ?? []);
  // No registry is asked for one without tags, as without --repository.
  const named = repository === undefined ? images.filter((image) => image.repository !== undefined) : images;
  const repositories = repositoriesOf(named, repository);
  for (const each of Object.values(repositories)) {
    parseRepository(each);
  }
  const client = createRegistryClient({ env: io.env });
  const answers = await Promise.all(
    sources.map(async ({ name, image, source }) => {
      const [platform = flags.platform] = image?.build.platforms ?? [];
      const asked = { repository: repositories[name], platform, client };
      return { name, result: await attempt(async () => explainedOf(await source(), asked, flags)) };
    }),
  );
  if (flags.json) {
    printJson(io, {
      images: answers.map(({ name, result }) => ({
        target: name,
        ...(result instanceof VersionedImageError
          ? { error: { code: result.code, message: result.message } }
          : explainedJson(result)),
      })),
      unused: unmeant,
    });
  } else {
    for (const { name, result } of answers) {
      if (result instanceof VersionedImageError) {
        printError(io, result, name);
      } else {
        io.out(`${paint(io, "bold", `target ${printable(name)}: `)}${explainedText(result, io)}\n`);
      }
    }
    io.out(unmeant.map((each) => `${printable(sayUnmeant(each))}\n`).join(""));
  }
  return answers.some(({ result }) => result instanceof VersionedImageError || isRefused(result)) ? 1 : 0;
}

interface Explained {
  explanation: Explanation;
  since: Since | undefined;
}

async function explainedOf(
  source: ImageSource,
  asked: Omit<Question, "options">,
  flags: ExplainFlags,
): Promise<Explained> {
  const facts = await readFacts(source);
  const explanation = await explanationOf(facts, { ...asked, options: versionOptionsOf(flags) });
  return { explanation, since: flags.since === undefined ? undefined : await sinceRevision(facts, flags.since) };
}

function isRefused({ explanation }: Explained): boolean {
  return explanation.update.action === "refuse";
}

function explainedText({ explanation, since }: Explained, io: Io): string {
  return explainText(explanation, io) + (since ? `\n${sinceText(since)}` : "");
}

function explainedJson({ explanation, since }: Explained) {
  return { ...explanationJson(explanation), ...(since && { since: sinceJson(since) }) };
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
