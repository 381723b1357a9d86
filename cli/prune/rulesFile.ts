import { readFile } from "node:fs/promises";
import * as path from "node:path";
import type { Document, Node } from "yaml";
import { VersionedImageError } from "../../components/errors";
import { parseRepository } from "../../components/registry";
import { Entry, type EntryFile, type Place } from "../entry";
import { readDuration } from "../imageOptions";
import {
  type ClusterSettings,
  DEFAULT_KEEP,
  type Keep,
  type RefPatterns,
  type RepositorySettings,
  type Settings,
} from "./settings";

/**
 * Reads settings from a file of rules. Paths in it stand relative to its directory. Throws RulesInvalid with the lines of whatever is not
 * understood: half of the rules would keep less than was meant.
 */
export async function readRules(name: string): Promise<Settings> {
  const { faults, file, contents } = parsed(await textOf(name), await import("yaml"));
  // What a text that is no YAML was taken for would be complained of in vain.
  const top = faults.length > 0 ? undefined : Entry.of(file, contents);
  const settings = top && settingsIn(top, path.dirname(path.resolve(name)));
  if (!settings || faults.length > 0) {
    const told = faults
      .sort((one, other) => one.line - other.line)
      .map(({ line, words }) => `${name}:${line}: ${words}`);
    throw new VersionedImageError("RulesInvalid", `${told.join("\n")}\nNothing was deleted. Fix the file.`);
  }
  return settings;
}

interface Parsed {
  /** What is wrong with it; gathers what is found later. */
  faults: { line: number; words: string }[];
  file: EntryFile;
  contents: unknown;
}

/** A text of one document, in which nothing is left to guesses. */
function parsed(text: string, yaml: typeof import("yaml")): Parsed {
  const lines = new yaml.LineCounter();
  const [document, ...others] = yaml.parseAllDocuments(text, { lineCounter: lines, prettyErrors: false }) as Document[];
  const faults: Parsed["faults"] = [];
  const add = (position: number, words: string) => faults.push({ line: lines.linePos(position).line, words });
  for (const { pos, message } of [...(document?.errors ?? []), ...(document?.warnings ?? [])]) {
    add(pos[0], message);
  }
  for (const { range } of others) {
    add(range?.[0] ?? 0, "a second document is not supported");
  }
  yaml.visit(document ?? null, {
    Alias: (_, { range }) => {
      add(range?.[0] ?? 0, "aliases are not supported");
    },
    Pair: (_, { key }) => {
      // As a number or null it would count as the text that JavaScript makes of it.
      if (!yaml.isAlias(key) && !(yaml.isScalar(key) && typeof key.value === "string")) {
        add((key as Node | null)?.range?.[0] ?? 0, "each key must be a string: put it in quotes");
      }
    },
  });
  const contents = faults.length > 0 ? undefined : document?.toJS();
  if (faults.length === 0 && (contents ?? null) === null) {
    faults.push({ line: 1, words: "the file is empty" });
  }
  const file: EntryFile = {
    isLoose: false,
    nameOf: (place) =>
      typeof place.at(-1) === "number" ? `each of ${place.at(-2)}` : String(place.at(-1) ?? "the file"),
    fault: (place, words) => add(positionOf(place), words),
  };
  return { faults, file, contents };

  /** Of a key, or of an item of a list; of what is not there, that of what would have it. */
  function positionOf(place: Place): number {
    let node: unknown = document?.contents;
    let position = document?.contents?.range?.[0] ?? 0;
    for (const step of place) {
      const pair = yaml.isMap(node)
        ? node.items.find(({ key }) => yaml.isScalar(key) && key.value === step)
        : undefined;
      const item = yaml.isSeq(node) ? node.items[Number(step)] : pair?.key;
      position = (item as Node | undefined)?.range?.[0] ?? position;
      node = pair ? pair.value : item;
    }
    return position;
  }
}

async function textOf(name: string): Promise<string> {
  try {
    return await readFile(name, "utf8");
  } catch (error) {
    throw new VersionedImageError(
      "RulesInvalid",
      `The rules file ${name} can't be read: ${(error as Error).message}. Nothing was deleted. Name a readable file.`,
      { cause: error },
    );
  }
}

function settingsIn(top: Entry, folder: string): Settings {
  const keep = keepIn(top.entry("keep"), DEFAULT_KEEP);
  const settings = {
    context: path.resolve(folder, top.text("context") ?? "."),
    fetch: top.flag("fetch") ?? false,
    repositories: repositoriesIn(top, keep, folder),
    clusters: clustersIn(top, folder),
    stacks: top.texts("stacks"),
  };
  top.end();
  return settings;
}

function keepIn(entry: Entry | undefined, above: Keep): Keep {
  if (!entry) {
    return above;
  }
  const [last, time] = [entry.number("last"), entry.text("for")];
  const keep = {
    last: last ?? above.last,
    forMs: orFault(entry, "for", () => (time === undefined ? undefined : readDuration(time))) ?? above.forMs,
    refs: patternsIn(entry) ?? above.refs,
  };
  entry.end();
  return keep;
}

/** Of a kind that is not named, all stay, unless there are patterns for both. */
function patternsIn(entry: Entry): RefPatterns | undefined {
  const [both, branches, tags] = ["refs", "branches", "tags"].map((key) => entry.texts(key));
  if (both === undefined && branches === undefined && tags === undefined) {
    return undefined;
  }
  const of = (own: string[] | undefined) => (both || own ? [...(both ?? []), ...(own ?? [])] : ["*"]);
  return { branches: of(branches), tags: of(tags) };
}

function repositoriesIn(top: Entry, keep: Keep, folder: string): RepositorySettings[] {
  const found = new Map<string, RepositorySettings>();
  const entries = top.entries("repositories", "repository") ?? [];
  if (entries.length === 0) {
    top.fault("repositories", "repositories needs at least one entry");
  }
  for (const entry of entries) {
    const settings = repositoryIn(entry, keep, folder);
    if (settings && found.has(settings.repository)) {
      entry.fault("repository", `${settings.repository} is listed twice`);
    }
    if (settings) {
      found.set(settings.repository, settings);
    }
  }
  return [...found.values()];
}

function repositoryIn(entry: Entry, above: Keep, folder: string): RepositorySettings | undefined {
  const named = entry.text("repository");
  if (entry.value("repository") === undefined) {
    entry.fault("repository", "repository is missing");
  }
  const repository = orFault(entry, "repository", () => named && parseRepository(named).repository);
  const context = entry.text("context");
  const bases = placesIn(entry, "bases", folder);
  const source = {
    path: entry.texts("paths"),
    dockerfile: entry.text("dockerfile"),
    buildContext: placesIn(entry, "buildContexts", folder),
    base: bases && Object.fromEntries(Object.entries(bases).map(([name, place]) => [name, [place]])),
  };
  if (context === undefined && Object.values(source).some((value) => value !== undefined)) {
    entry.fault("context", "paths, dockerfile, buildContexts and bases need context, the image's directory");
  }
  const keep = keepIn(entry.entry("keep"), above);
  entry.end();
  const image = context === undefined ? undefined : { context: path.resolve(folder, context), ...source };
  return repository === undefined ? undefined : { repository, image, keep };
}

function placesIn(entry: Entry, key: string, folder: string): Record<string, string> | undefined {
  const contexts = entry.entry(key);
  return (
    contexts &&
    Object.fromEntries(
      contexts.pairs().map(([name, place]) => [name, place.includes("://") ? place : path.resolve(folder, place)]),
    )
  );
}

/** What can be made of a key; what keeps it from being made is a fault. */
function orFault<T>(entry: Entry, key: string, make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    entry.fault(key, (error as Error).message);
    return undefined;
  }
}

function clustersIn(top: Entry, folder: string): Settings["clusters"] {
  if (typeof top.value("clusters") === "string") {
    if (top.value("clusters") !== "none") {
      top.fault("clusters", "clusters must be a list, or none if no cluster uses these repositories");
    }
    return "none";
  }
  const entries = top.entries("clusters");
  if (entries?.length === 0) {
    top.fault("clusters", "clusters needs at least one entry, or none if no cluster uses these repositories");
  }
  return entries?.map((entry): ClusterSettings => {
    const kubeconfig = entry.text("kubeconfig");
    const contexts = entry.texts("contexts");
    if (entry.value("kubeconfig") === undefined && (contexts ?? []).length === 0) {
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
