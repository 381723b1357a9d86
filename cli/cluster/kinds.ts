import { fieldsOf } from "../../components/registry";
import { inParallel } from "../inParallel";
import { failed } from "./clusterFailed";
import { ask, type Cluster, LIMIT } from "./connection";

/** A kind of object that an API server lists. */
export interface Kind {
  /** KIND.group, or KIND alone of the core group. */
  name: string;
  kind: string;
  group: string;
  /** Its name in paths. */
  resource: string;
  /** Where its lists are, without the namespace. */
  base: string;
  namespaced: boolean;
}

/** What could not be read of a cluster. */
export interface Unread {
  /** KIND.group, or *.group where not even the kinds of a group are known. */
  kind: string;
  /** As whole sentences. */
  why: string;
}

export interface Kinds {
  kinds: Kind[];
  unread: Unread[];
}

/** What holds secrets, and what names images that do not run by it. */
const LEFT_OUT: [group: RegExp, resource: RegExp][] = [
  [/^$/, /^(secrets|nodes|events|componentstatuses)$/],
  [/^events\.k8s\.io$/, /^events$/],
  [/(^|\.)metrics\.k8s\.io$/, /^/],
];

/**
 * All kinds that a cluster lists, those of its custom resources and aggregated API servers as well. Groups that do not answer are
 * named. Throws ClusterFailed where it does not say which groups there are.
 */
export async function readKinds(cluster: Cluster, limit = LIMIT): Promise<Kinds> {
  const [core, groups] = await Promise.all([
    kindsAt(cluster, "/api/v1", "", limit).then(withPods),
    ask(cluster, "/apis", {}, limit).then(groupsOf),
  ]).catch((error) => {
    throw failed(`${cluster.server} did not list its kinds of objects`, error, limit);
  });
  const found = await inParallel(
    groups.filter(({ name }) => !LEFT_OUT.some(([group, resource]) => group.test(name) && resource.test(""))),
    async ({ name, versions }): Promise<Kinds> => {
      try {
        const lists = await inParallel(versions, (version) =>
          kindsAt(cluster, `/apis/${name}/${version}`, name, limit),
        );
        return { kinds: lists.flat(), unread: [] };
      } catch (error) {
        const { message } = failed(`${cluster.server} did not list the kinds of the API group ${name}`, error, limit);
        return { kinds: [], unread: [{ kind: `*.${name}`, why: message }] };
      }
    },
  );
  const kinds = new Map<string, Kind>();
  for (const kind of [...core, ...found.flatMap((each) => each.kinds)]) {
    const key = `${kind.group}/${kind.resource}`;
    // Versions of a kind list the same objects: that which the server prefers comes first.
    if (!kinds.has(key)) {
      kinds.set(key, kind);
    }
  }
  return { kinds: [...kinds.values()], unread: found.flatMap((each) => each.unread) };
}

function withPods(kinds: Kind[]): Kind[] {
  if (!kinds.some(({ kind }) => kind === "Pod")) {
    throw new Error("its API does not list pods");
  }
  return kinds;
}

/** A group that can't be read could have any kinds: then the list is no good. */
function groupsOf(list: unknown): { name: string; versions: string[] }[] {
  return arrayOf(list, "groups").map((group) => {
    const { name, preferredVersion } = fieldsOf(group);
    const versions = [preferredVersion, ...arrayOf(group, "versions")]
      .map((each) => fieldsOf(each).version)
      .filter((version) => typeof version === "string");
    if (typeof name !== "string" || versions.length === 0) {
      throw new Error("/apis has an invalid group");
    }
    return { name, versions: [...new Set(versions)] };
  });
}

async function kindsAt(cluster: Cluster, base: string, group: string, limit: number): Promise<Kind[]> {
  const resources = arrayOf(await ask(cluster, base, {}, limit), "resources");
  return resources.flatMap((entry): Kind[] => {
    const { name, kind, namespaced, verbs } = fieldsOf(entry);
    if (typeof name !== "string" || typeof kind !== "string" || typeof namespaced !== "boolean") {
      throw new Error(`${base} has an invalid kind`);
    }
    const listed = !Array.isArray(verbs) || verbs.includes("list");
    const leftOut = LEFT_OUT.some(([groups, names]) => groups.test(group) && names.test(name));
    return name.includes("/") || !listed || leftOut
      ? []
      : [{ name: group === "" ? kind : `${kind}.${group}`, kind, group, resource: name, base, namespaced }];
  });
}

function arrayOf(object: unknown, field: string): unknown[] {
  const value = fieldsOf(object)[field];
  if (!Array.isArray(value)) {
    throw new Error(`the answer has no list of ${field}`);
  }
  return value;
}

/** Whether a kind, or one that could not be read, is among those named: as KIND.group, its name in paths or *.group. */
export function isNamed(kind: Kind | Unread, names: string[]): boolean {
  const known = "resource" in kind ? [kind.name, inPaths(kind), `*.${kind.group}`] : [kind.kind];
  const lower = known.map((name) => name.toLowerCase());
  return names.some((name) => lower.includes(name.toLowerCase()));
}

function inPaths({ resource, group }: Kind): string {
  return group === "" ? resource : `${resource}.${group}`;
}
