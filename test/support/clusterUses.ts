import { kindOf } from "./apiServer";
import type { Manifest } from "./kubectl";
import type { Version } from "./memoryRegistry";

/** What someone needs: to be able to pull a tag or a digest as it was. */
export interface Need {
  tag?: string;
  digest: string;
  /** It is needed by an index that is needed, so that other indexes of it may go. */
  within?: boolean;
}

/** What uses versions: an object of a cluster, by where it is listed, and what it needs of the registry. Kubernetes takes them as they are. */
export interface Used {
  place: string;
  object: Manifest;
  needs: Need[];
}

export type Pick = <T>(items: readonly T[]) => T;

/** Custom resources without rules for what they hold. */
export const ROLLOUTS = { place: "uses.example.com/v1alpha1/rollouts", kind: "Rollout", group: "uses.example.com" };

function used(place: string, name: string, namespace: string, fields: object, needs: Need[] = []): Used {
  const kind = place === ROLLOUTS.place ? ROLLOUTS.kind : kindOf(place);
  const object = { apiVersion: place.replace(/\/[^/]*$/, ""), kind, metadata: { name, namespace }, ...fields };
  return { place, object, needs };
}

/** Ways to name a version in one text, with what is pulled by it. */
function reference(
  pick: Pick,
  host: string,
  name: string,
  { tag, digest, images }: Version,
): [text: string, need: Need] {
  const last = name.replace(/.*\//, "");
  const repository = pick([
    `${host}/${name}`,
    `mirror.example/${name}`,
    `mirror.example:5000/cache/${host}/${name}`,
    `proxy.example/hub/${last}`,
    `docker.io/${name.includes("/") ? name : `library/${name}`}`,
    name,
  ]);
  const child = pick(images).digest;
  return pick([
    [`${repository}:${tag}`, { tag, digest }],
    [`${repository}@${digest}`, { digest }],
    [`${repository}:moved@${digest}`, { digest }],
    [`${repository}@${child}`, { digest: child }],
  ] as [string, Need][]);
}

/** Nobody starts it. */
const IDLE = { schedulerName: "nobody", automountServiceAccountToken: false };

/** A pod that uses a version in one place, and other images in others. */
export function podOf(pick: Pick, host: string, name: string, version: Version, id: number): Used {
  const [named, need] = reference(pick, host, name, version);
  const other = { name: "other", image: "docker.io/library/redis:7" };
  const pod = (needs: Need[], spec: object, status: object) =>
    used("v1/pods", `pod-${id}`, "web", { spec: { ...IDLE, containers: [other], ...spec }, status }, needs);
  const list = pick(["containers", "initContainers", "ephemeralContainers", "volumes", "status"]);
  const entry = list === "volumes" ? { name: "main", image: { reference: named } } : { name: "main", image: named };
  if (list !== "status") {
    return pod([need], { [list]: list === "containers" ? [entry, other] : [entry] }, { phase: "Pending" });
  }
  // The tag has moved: only what the runtime says tells which image it is.
  const image = pick(version.images);
  const [imageID, digest] = pick([
    [`docker-pullable://${host}/${name}@${version.digest}`, version.digest],
    [`${host}/${name}@${version.digest}`, version.digest],
    [`mirror.example/x@${image.digest}`, image.digest],
    [version.digest, version.digest],
    [image.digest.slice("sha256:".length), image.digest],
    [image.config, image.digest],
    [image.config.slice("sha256:".length), image.digest],
  ] as [string, string][]);
  const statuses = pick(["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"]);
  const containers = statuses.replace("Statuses", "s");
  const moved = { name: "main", image: `${host}/${name}:moved` };
  return pod(
    [{ digest }],
    { [containers]: [moved] },
    {
      phase: pick(["Running", "Succeeded"]),
      [statuses]: [{ name: "main", image: moved.image, imageID, ready: false, restartCount: 0, state: {} }],
    },
  );
}

/** Something else than a pod that could start a version. */
export function workloadOf(pick: Pick, host: string, name: string, version: Version, id: number): Used {
  const [named, need] = reference(pick, host, name, version);
  const { tag, digest } = version;
  const byTag: Need = { tag, digest };
  const own = `thing-${id}`;
  const podSpec = { ...IDLE, containers: [{ name: "main", image: named }] };
  const template = { metadata: { labels: { own } }, spec: podSpec };
  const selector = { matchLabels: { own } };
  const ends = { template: { spec: { ...podSpec, restartPolicy: "Never" } }, suspend: true };
  const [place, fields, needs] = pick([
    ["apps/v1/deployments", { spec: { replicas: 0, selector, template } }, need],
    ["apps/v1/replicasets", { spec: { replicas: 0, selector, template } }, need],
    ["apps/v1/statefulsets", { spec: { replicas: 0, serviceName: own, selector, template } }, need],
    [
      "apps/v1/daemonsets",
      { spec: { selector, template: { ...template, spec: { ...podSpec, nodeSelector: { none: "none" } } } } },
      need,
    ],
    ["apps/v1/controllerrevisions", { revision: 1, data: { spec: { template } } }, need],
    ["v1/replicationcontrollers", { spec: { replicas: 0, selector: { own }, template } }, need],
    ["v1/podtemplates", { template }, need],
    ["batch/v1/jobs", { spec: ends }, need],
    ["batch/v1/cronjobs", { spec: { schedule: "0 0 1 1 *", suspend: true, jobTemplate: { spec: ends } } }, need],
    [ROLLOUTS.place, { spec: { template } }, need],
    [ROLLOUTS.place, { spec: { image: { repository: `${host}/${name}`, tag } } }, byTag],
    [ROLLOUTS.place, { spec: { args: [`--image=docker://${named}`] } }, need],
    ["v1/configmaps", { data: { "values.yaml": `repository: ${host}/${name}\ntag: '${tag}'\n` } }, byTag],
    ["v1/configmaps", { data: { long: `${"x".repeat(10_000)} ${named}.` } }, need],
  ] as [string, object, Need][]);
  return used(place, own, pick(["web", "jobs"]), fields, [needs]);
}

/** What names a version and needs nothing. */
export function noiseOf(host: string, name: string, { tag, digest }: Version, id: number): Used[] {
  const text = `${host}/${name}:${tag}@${digest}`;
  const own = `noise-${id}`;
  const template = {
    metadata: { labels: { own } },
    spec: { ...IDLE, containers: [{ name: "main", image: "redis:7" }] },
  };
  const metadata = {
    name: own,
    namespace: "web",
    annotations: { "kubectl.kubernetes.io/last-applied-configuration": `{"image":"${text}"}` },
  };
  return [
    used("v1/configmaps", own, "web", { data: { x: `${host}/${name}-other:${tag}` } }),
    used("v1/secrets", own, "web", { stringData: { text } }),
    used("v1/events", own, "web", { message: text, involvedObject: { namespace: "web" } }),
    used("apps/v1/deployments", own, "web", {
      metadata,
      spec: { replicas: 0, selector: { matchLabels: { own } }, template },
    }),
  ];
}

/** What no API server lets anybody write, and what needs nothing either. */
export function pastOf(host: string, name: string, { tag, digest }: Version, id: number): Used[] {
  const text = `${host}/${name}:${tag}@${digest}`;
  const place = "apps/v1/deployments";
  return [
    used(place, `past-${id}`, "web", { status: { text }, spec: {} }),
    used(place, `past-${id}`, "web", { metadata: { name: "x", namespace: "web", managedFields: [text] }, spec: {} }),
  ];
}
