import { readFile } from "node:fs/promises";
import * as path from "node:path";
import { VersionedImageError } from "../../components/errors";
import { parseRepository } from "../../components/registry";
import { readDuration } from "./duration";
import type { RefPatterns } from "./keepRefs";
import { type ClusterSettings, DEFAULT_KEEP, type Keep, type RepositorySettings, type Settings } from "./settings";
import { type YamlEntry, YamlFile } from "./yamlEntry";

/**
 * Reads settings from a file of rules. Paths in it stand relative to its directory. Throws RulesInvalid with the lines of whatever is not
 * understood: half of the rules would keep less than was meant.
 */
export async function readRules(name: string): Promise<Settings> {
  const text = await textOf(name);
  const { file, top } = YamlFile.read(name, text, await import("yaml"));
  const settings = top && settingsIn(top, file, path.dirname(path.resolve(name)));
  file.refuseFaults();
  return settings as Settings;
}

async function textOf(name: string): Promise<string> {
  try {
    return await readFile(name, "utf8");
  } catch (error) {
    throw new VersionedImageError(
      "RulesInvalid",
      `The rules ${name} can't be read: ${(error as Error).message}. Nothing was deleted: name a file that can.`,
      { cause: error },
    );
  }
}

function settingsIn(top: YamlEntry, file: YamlFile, folder: string): Settings {
  const keep = keepIn(top.entry("keep"), DEFAULT_KEEP);
  const settings = {
    context: path.resolve(folder, top.text("context") ?? "."),
    fetch: top.flag("fetch") ?? false,
    repositories: repositoriesIn(top, keep, file, folder),
    clusters: clustersIn(top, folder),
    stacks: top.texts("stacks"),
  };
  top.end();
  return settings;
}

function keepIn(entry: YamlEntry | undefined, above: Keep): Keep {
  if (!entry) {
    return above;
  }
  const keep = {
    last: entry.number("last") ?? above.last,
    forMs: durationIn(entry) ?? above.forMs,
    refs: patternsIn(entry) ?? above.refs,
  };
  entry.end();
  return keep;
}

function durationIn(entry: YamlEntry): number | undefined {
  const text = entry.text("for");
  try {
    return text === undefined ? undefined : readDuration(text);
  } catch (error) {
    entry.fault("for", (error as Error).message);
    return undefined;
  }
}

/** Of a kind that is not named, all stay, unless there are patterns for both. */
function patternsIn(entry: YamlEntry): RefPatterns | undefined {
  const [both, branches, tags] = ["refs", "branches", "tags"].map((key) => entry.texts(key));
  if (both === undefined && branches === undefined && tags === undefined) {
    return undefined;
  }
  const of = (own: string[] | undefined) => (both || own ? [...(both ?? []), ...(own ?? [])] : ["*"]);
  return { branches: of(branches), tags: of(tags) };
}

function repositoriesIn(top: YamlEntry, keep: Keep, file: YamlFile, folder: string): RepositorySettings[] {
  const found = new Map<string, RepositorySettings>();
  const entries = top.mixed("repositories") ?? [];
  if (entries.length === 0) {
    top.fault("repositories", "repositories must name one at least");
  }
  entries.forEach((entry, index) => {
    const line = top.lineOfItem("repositories", index);
    const settings = repositoryIn(entry, keep, folder);
    const repository = settings && normalized(settings.repository, line, file);
    if (settings && repository !== undefined) {
      if (found.has(repository)) {
        file.add(line, `${repository} is named twice`);
      }
      found.set(repository, { ...settings, repository });
    }
  });
  return [...found.values()];
}

function repositoryIn(entry: string | YamlEntry, above: Keep, folder: string): RepositorySettings | undefined {
  if (typeof entry === "string") {
    return { repository: entry, image: undefined, keep: above };
  }
  const repository = entry.text("repository");
  if (!entry.has("repository")) {
    entry.fault("repository", "repository is missing");
  }
  const context = entry.text("context");
  const bases = placesIn(entry, "bases", folder);
  const source = {
    path: entry.texts("paths"),
    dockerfile: entry.text("dockerfile"),
    buildContext: placesIn(entry, "buildContexts", folder),
    base: bases && Object.fromEntries(Object.entries(bases).map(([name, place]) => [name, [place]])),
  };
  if (context === undefined && Object.values(source).some((value) => value !== undefined)) {
    entry.fault(
      "context",
      "paths, dockerfile, buildContexts and bases are of the image's directory: name that as context",
    );
  }
  const keep = keepIn(entry.entry("keep"), above);
  entry.end();
  const image = context === undefined ? undefined : { context: path.resolve(folder, context), ...source };
  return repository === undefined ? undefined : { repository, image, keep };
}

function placesIn(entry: YamlEntry, key: string, folder: string): Record<string, string> | undefined {
  const contexts = entry.entry(key);
  return (
    contexts &&
    Object.fromEntries(
      contexts.pairs().map(([name, place]) => [name, place.includes("://") ? place : path.resolve(folder, place)]),
    )
  );
}

function normalized(repository: string, line: number, file: YamlFile): string | undefined {
  try {
    return parseRepository(repository).repository;
  } catch (error) {
    file.add(line, (error as Error).message);
    return undefined;
  }
}

function clustersIn(top: YamlEntry, folder: string): Settings["clusters"] {
  if (top.isText("clusters")) {
    const text = top.text("clusters");
    if (text !== "none") {
      top.fault("clusters", "clusters must be a list, or none if no cluster uses these repositories");
    }
    return "none";
  }
  const entries = top.entries("clusters");
  if (entries?.length === 0) {
    top.fault("clusters", "clusters must name one at least, or be none if no cluster uses these repositories");
  }
  return entries?.map((entry): ClusterSettings => {
    const kubeconfig = entry.text("kubeconfig");
    const contexts = entry.texts("contexts");
    if (!entry.has("kubeconfig") && (contexts ?? []).length === 0) {
      entry.fault("contexts", "a cluster must have a kubeconfig or contexts");
    }
    const cluster = {
      kubeconfig: kubeconfig === undefined ? [] : [path.resolve(folder, kubeconfig)],
      kubeContext: contexts ?? [],
      namespaces: entry.texts("namespaces") ?? [],
      ignoredKinds: entry.texts("ignoreKinds") ?? [],
    };
    entry.end();
    return cluster;
  });
}
