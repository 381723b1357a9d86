import { invalidArgument } from "../../components/errors";
import { fieldsOf } from "../../components/registry";
import { inParallel } from "../inParallel";
import { failed } from "./clusterFailed";
import { type Cluster, LIMIT } from "./connection";
import { isNamed, type Kind, readKinds, type Unread } from "./kinds";
import { digestsIn, mentionsIn, type Sought, textsOf } from "./mentions";
import { readObjects, refuseUnknown } from "./objects";
import { oddity, podImages } from "./podImages";

/** Something in a cluster that needs an image. */
export interface Use {
  /** For instance "pod web/app-1 of prod runs it". */
  words: string;
  /** The repository's name without its host, where it is named: the same image may be pulled by the name of a mirror. */
  name?: string;
  /** The digest of the manifest, or of the image's configuration, of which a runtime may know no more. */
  digest?: string;
  /** The tag, of the repository that is named. With neither tag nor digest it may be any image of it. */
  tag?: string;
}

/** What a cluster needs, as far as it could be read. */
export interface Uses {
  uses: Use[];
  /** What might need anything. */
  unread: Unread[];
}

/** What to read of a cluster. */
export interface UsesQuery {
  sought: Sought[];
  /** None: all, and what is in no namespace. */
  namespaces: string[];
  /** Kinds that are not read, as KIND.group or *.group. */
  ignored: string[];
}

/**
 * All that runs images of these repositories or could start some: pods, all with a pod's template, and any other object that names
 * them. Kinds that are not listed are named. `limit` is for one request, in milliseconds. Throws ClusterFailed where the cluster does
 * not say which kinds there are or has no such namespace, and InvalidArgument where pods are not to be read.
 */
export async function readUses(cluster: Cluster, query: UsesQuery, limit = LIMIT): Promise<Uses> {
  const { kinds, unread } = await readKinds(cluster, limit);
  const { namespaces, ignored, sought } = query;
  if (kinds.some((kind) => kind.name === POD && isNamed(kind, ignored))) {
    throw invalidArgument(
      "--ignore-kind can't ignore pods. Let this user list them, or leave out the cluster if it does not use " +
        "these repositories.",
    );
  }
  const wanted = kinds.filter((kind) => !isNamed(kind, ignored) && (kind.namespaced || namespaces.length === 0));
  const places = namespaces.length > 0 ? namespaces : [undefined];
  const found = await inParallel(
    wanted.flatMap((kind) => places.map((place) => ({ kind, place }))),
    async ({ kind, place }): Promise<Uses & { place: string | undefined; isEmpty: boolean }> => {
      try {
        const read = (object: Record<string, unknown>) => [usesOf(cluster.name, kind, object, sought)];
        const all = await readObjects(cluster, kind, place, read, limit);
        const unread = all.flatMap((each) => each.unread);
        return { uses: all.flatMap(({ uses }) => uses), unread, place, isEmpty: all.length === 0 };
      } catch (error) {
        const where = place === undefined ? "" : ` in namespace ${place}`;
        const { message } = failed(`${cluster.server} did not list ${kind.name}${where}`, error, limit);
        return { uses: [], unread: [{ kind: kind.name, why: message }], place, isEmpty: false };
      }
    },
  );
  for (const namespace of namespaces) {
    if (found.every(({ place, isEmpty }) => place !== namespace || isEmpty)) {
      await refuseUnknown(cluster, namespace, limit);
    }
  }
  return {
    uses: found.flatMap(({ uses }) => uses),
    unread: [...unread.filter((each) => !isNamed(each, ignored)), ...found.flatMap((each) => each.unread)],
  };
}

/** What one object needs. A pod that has ended counts: it can be looked into still. */
export function usesOf(
  cluster: string,
  kind: Pick<Kind, "name">,
  object: Record<string, unknown>,
  sought: Sought[],
): Uses {
  const { digests, tags } = mentionsIn(object, sought);
  const words = `${placeOf(kind, object)} of ${cluster} ${verbOf(kind)}`;
  const names = [...tags.keys()];
  const uses: Use[] = names.flatMap((repository) =>
    [...(tags.get(repository) ?? [])].map((tag) => ({ words, name: repository.name, tag })),
  );
  if (kind.name === POD) {
    const images = podImages(object);
    const ids = [...textsOf(object.status), ...images.map(({ imageId }) => imageId?.digest ?? "")];
    for (const [digest, name] of digestsIn(ids, sought)) {
      digests.set(digest, digests.get(digest) ?? name);
    }
    // It may run any of them, also one that its tag has left.
    if (images.some(({ started, imageId }) => started && !imageId)) {
      uses.push(...names.map(({ name }) => ({ words, name })));
    }
  }
  uses.push(...[...digests].map(([digest, name]) => ({ words, name, digest })));
  const path = POD_SPECS.get(kind.name);
  const why = path && oddity(object, path);
  return {
    uses,
    unread: why === undefined ? [] : [{ kind: kind.name, why: `${placeOf(kind, object)} is not understood: ${why}.` }],
  };
}

const POD = "Pod";

const TEMPLATE = ["spec", "template", "spec"];

/** Where the kinds of Kubernetes itself have the specifications of their pods. */
const POD_SPECS = new Map<string, string[]>([
  [POD, ["spec"]],
  ["PodTemplate", ["template", "spec"]],
  ["ReplicationController", TEMPLATE],
  ["Deployment.apps", TEMPLATE],
  ["ReplicaSet.apps", TEMPLATE],
  ["StatefulSet.apps", TEMPLATE],
  ["DaemonSet.apps", TEMPLATE],
  ["Job.batch", TEMPLATE],
  ["CronJob.batch", ["spec", "jobTemplate", ...TEMPLATE]],
]);

function placeOf({ name }: Pick<Kind, "name">, { metadata }: Record<string, unknown>): string {
  const { namespace, name: own } = fieldsOf(metadata);
  return `${shortKind(name)} ${namespace === undefined ? "" : `${namespace}/`}${own}`;
}

function verbOf({ name }: Pick<Kind, "name">): string {
  if (name === POD) {
    return "runs it";
  }
  return /^(ReplicaSet|ControllerRevision)\.apps$/.test(name) ? "can be rolled back to it" : "names it";
}

/** Of Kubernetes' own kinds the group goes without saying. */
function shortKind(name: string): string {
  return name === POD ? "pod" : name.replace(/\.(apps|batch)$/, "");
}
