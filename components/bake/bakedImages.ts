import * as path from "node:path";
import { joinFields } from "../docker";
import { VersionedImageError } from "../errors";
import { isBaseName } from "../version";
import type { BakedImage, BakedSet, SecretPlace } from "./bakedImage";
import { type Entry, fieldsOfEntry, type Printed, type PrintedTarget, unescaped } from "./printed";
import { repositoryOfTag } from "./repositories";
import { unmeantIn } from "./said";

/** Reads what `docker buildx bake --print` printed in a directory, which is relative to the working directory. */
export function bakedImages(printed: Printed, directory: string): BakedSet {
  const { target: targets } = printed;
  const images = new Map<string, BakedImage>();
  const refused: Record<string, VersionedImageError> = {};
  // Bake lets no target be built on itself, over whatever others.
  const add = (name: string) => {
    if (images.has(name) || Object.hasOwn(refused, name)) {
      return;
    }
    try {
      const image = bakedImage(name, targets[name] ?? {}, directory);
      const bases = Object.values(image.bases);
      bases.forEach(add);
      refuseOnRefused(name, bases, refused);
      images.set(name, image);
    } catch (error) {
      if (!(error instanceof VersionedImageError)) {
        throw error;
      }
      refused[name] = error;
    }
  };
  Object.keys(targets).forEach(add);
  const asked = askedFor(printed);
  return { images: [...images.values()], refused, asked, unmeant: unmeantIn(targets, asked) };
}

function refuseOnRefused(name: string, bases: string[], refused: Record<string, VersionedImageError>): void {
  const base = bases.find((each) => Object.hasOwn(refused, each));
  if (base !== undefined) {
    throw new VersionedImageError(
      "BakeUnfit",
      `The bake target ${name} is built on ${base}, which can't be an image either. ${refused[base]?.message}`,
    );
  }
}

/** The targets of the group `default`, which is what was asked for, and of the groups in it. */
function askedFor({ group = {}, target }: Printed): string[] {
  const names = new Set<string>();
  const seen = new Set<string>();
  const add = (name: string) => {
    if (seen.has(name)) {
      return;
    }
    seen.add(name);
    if (Object.hasOwn(target, name)) {
      names.add(name);
    }
    group[name]?.targets?.forEach(add);
  };
  add("default");
  return [...names];
}

function bakedImage(name: string, target: PrintedTarget, directory: string): BakedImage {
  const { context = ".", dockerfile = "Dockerfile", contexts = {}, tags = [], secret = [] } = target;
  if (target["dockerfile-inline"] !== undefined) {
    throw unfit(name, "dockerfile-inline", "git has no version of it; move the Dockerfile to a file");
  }
  const from = directoryFrom(directory, context, () =>
    unfit(name, `context ${JSON.stringify(context)}`, "it is not local; name a directory in the repository"),
  );
  const named = namedIn(name, contexts, directory);
  return {
    name,
    context: from,
    dockerfile: dockerfileFrom(name, dockerfile, from, directory),
    repository: tags[0] === undefined ? undefined : repositoryOfTag(tags[0]),
    directories: named.directories,
    bases: named.bases,
    build: buildOf(name, target, { ...named.directories, ...named.images }, directory),
    secrets: Object.fromEntries(secret.map((entry) => secretIn(entry, directory))),
  };
}

function buildOf(
  name: string,
  target: PrintedTarget,
  contexts: Record<string, string>,
  directory: string,
): BakedImage["build"] {
  const { args = {}, platforms, ssh = [], network } = target;
  if (platforms?.includes("local")) {
    throw unfit(name, "platform local", "the default platform depends on the machine; set one, such as linux/amd64");
  }
  const given = {
    args: valuesOf(args),
    target: target.target,
    platforms,
    ssh: ssh.map((entry) => agentIn(name, entry)),
    contexts,
    cacheFrom: target["cache-from"]?.map((entry) => cacheIn(entry, directory)),
    cacheTo: target["cache-to"]?.map((entry) => cacheIn(entry, directory)),
    network,
    extraHosts: Object.entries(valuesOf(target["extra-hosts"] ?? {})).map(([host, address]) => `${host}:${address}`),
  };
  // What is not there is left out, so that it is as if the program did not name it.
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined && Object.keys(value).length > 0),
  );
}

/** Bake leaves out what has no value. */
function valuesOf(values: Record<string, string | null>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === null ? [] : [[key, unescaped(value)]])),
  );
}

/** What docker takes for a place that is not on this machine. */
const REMOTE = /^([a-z][a-z0-9+.-]*:\/\/|git@|github\.com\/|docker-image:|target:|-$)/i;

/** A directory of a bake file from the working directory. */
function directoryFrom(directory: string, place: string, remote: () => VersionedImageError): string {
  const local = place.replace(/^cwd:\/\//, "");
  if (REMOTE.test(local)) {
    throw remote();
  }
  return path.relative("", path.resolve(directory, local)) || ".";
}

/** Relative to the context, as bake has it, unless it says otherwise. */
function dockerfileFrom(name: string, dockerfile: string, context: string, directory: string): string {
  const fromDirectory = /^cwd:\/\/(.*)$/.exec(dockerfile)?.[1];
  if (fromDirectory === undefined && REMOTE.test(dockerfile)) {
    throw unfit(name, `dockerfile ${JSON.stringify(dockerfile)}`, "it is not local; name a file in the repository");
  }
  const file = fromDirectory === undefined ? path.resolve(context, dockerfile) : path.resolve(directory, fromDirectory);
  return path.relative(context, file);
}

interface Named {
  directories: Record<string, string>;
  images: Record<string, string>;
  bases: Record<string, string>;
}

function namedIn(target: string, contexts: Record<string, string>, directory: string): Named {
  const named: Named = { directories: {}, images: {}, bases: {} };
  for (const [name, place] of Object.entries(contexts)) {
    const base = /^target:(.*)$/.exec(place)?.[1];
    if (base !== undefined) {
      named.bases[baseName(target, name)] = base;
    } else if (/^docker-image:\/\//.test(place)) {
      named.images[name] = pinned(target, name, place);
    } else {
      named.directories[name] = directoryFrom(directory, place, () =>
        unfit(
          target,
          `named context ${name} (${JSON.stringify(place)})`,
          "it is not a directory, an image or a target, so one commit could give different builds",
        ),
      );
    }
  }
  return named;
}

/** A base is a build argument, too, which can't have any name that a context can have. */
function baseName(target: string, name: string): string {
  if (name !== name.toLowerCase() || !isBaseName(name)) {
    throw unfit(
      target,
      `named context ${JSON.stringify(name)}, which is a target`,
      "the name is also a build argument; rename it, here and in the Dockerfile, to lower-case letters and digits, with _ between them",
    );
  }
  return name;
}

function pinned(target: string, name: string, place: string): string {
  if (!/@sha256:[0-9a-f]{64}$/.test(place)) {
    throw unfit(
      target,
      `named context ${name} (${JSON.stringify(place)})`,
      "it can become another image; add its digest (docker-image://REFERENCE@sha256:DIGEST)",
    );
  }
  return place;
}

function agentIn(target: string, entry: Entry): string {
  const { id, paths = [] } = typeof entry === "string" ? agentOf(entry) : (entry as { id?: string; paths?: string[] });
  if (paths.length > 1 || (paths.length === 0 && id !== "default")) {
    throw unfit(target, `ssh ${id}`, "use default, or ID=SOCKET with one socket");
  }
  return paths.length === 0 ? "default" : `${id}=${paths[0]}`;
}

function agentOf(text: string): { id: string; paths: string[] } {
  const [id = "", paths] = text.split("=", 2);
  return { id, paths: paths === undefined ? [] : paths.split(",") };
}

/** As `docker buildx build` takes it; the folder of a local one is relative to the directory. */
function cacheIn(entry: Entry, directory: string): string {
  const { type, ...others } = fieldsOfEntry(entry, "ref");
  const fields = Object.entries({ type: type ?? "registry", ...others }).map(([key, value]) => {
    const isFolder = type === "local" && (key === "src" || key === "dest");
    return `${key}=${isFolder ? path.relative("", path.resolve(directory, String(value))) || "." : value}`;
  });
  return joinFields(fields);
}

function secretIn(entry: Entry, directory: string): [string, SecretPlace] {
  const { id, type, src, source = src, env } = fieldsOfEntry(entry, "id") as Record<string, string | undefined>;
  const name = id ?? source ?? env ?? "";
  if (env !== undefined || type === "env") {
    return [name, { variable: env ?? source ?? name }];
  }
  return [name, { ...(source === undefined && { variable: name }), file: path.resolve(directory, source ?? name) }];
}

function unfit(target: string, what: string, why: string): VersionedImageError {
  return new VersionedImageError("BakeUnfit", `The bake target ${target} has the ${what}: ${why}.`);
}
