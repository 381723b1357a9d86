import * as assert from "node:assert/strict";
import type { Reply, Seen } from "./fakeRegistry";

/** Objects by where they are listed, for instance "apps/v1/deployments" or "v1/pods". */
export type Objects = Record<string, object[]>;

/** Kinds of Kubernetes' own and of others, by where they are listed. */
const KINDS: Record<string, string> = {
  "v1/pods": "Pod",
  "v1/configmaps": "ConfigMap",
  "v1/podtemplates": "PodTemplate",
  "v1/replicationcontrollers": "ReplicationController",
  "v1/secrets": "Secret",
  "v1/nodes": "Node",
  "v1/events": "Event",
  "apps/v1/deployments": "Deployment",
  "apps/v1/replicasets": "ReplicaSet",
  "apps/v1/statefulsets": "StatefulSet",
  "apps/v1/daemonsets": "DaemonSet",
  "apps/v1/controllerrevisions": "ControllerRevision",
  "batch/v1/jobs": "Job",
  "batch/v1/cronjobs": "CronJob",
};

export function kindOf(place: string): string {
  const kind = KINDS[place];
  assert.ok(kind, place);
  return kind;
}

/** What an API server answers that has these objects, and the namespace "web"; `kinds` are those that it has beside Kubernetes' own. */
export function apiServer(
  objects: Objects,
  kinds: Record<string, string> = {},
  more: (path: string) => Reply | undefined = () => undefined,
): (seen: Pick<Seen, "url">) => Reply {
  const known = new Map(Object.entries({ ...KINDS, ...kinds }));
  const json = (body: object): Reply => ({ status: 200, headers: { "content-type": "application/json" }, body });
  const bases = [...new Set([...known.keys()].map((place) => place.replace(/\/[^/]*$/, "")))];
  return ({ url }) => {
    const { pathname } = new URL(url, "http://server");
    const answer = more(pathname);
    if (answer) {
      return answer;
    }
    const base = pathname.replace(/^\/apis?\//, "");
    if (pathname === "/apis") {
      const groups = bases
        .filter((each) => each !== "v1")
        .map((groupVersion) => {
          const [name, version] = groupVersion.split("/");
          return { name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };
        });
      return json({ kind: "APIGroupList", groups });
    }
    const [, wanted] = /^v1\/namespaces\/([^/]+)$/.exec(base) ?? [];
    if (
      wanted !== undefined &&
      [{ metadata: { namespace: "web" } }, ...Object.values(objects).flat()].some(
        (object) => namespaceOf(object) === wanted,
      )
    ) {
      return json({ kind: "Namespace", metadata: { name: wanted } });
    }
    if (bases.includes(base)) {
      const resources = [...known]
        .filter(([place]) => place.replace(/\/[^/]*$/, "") === base)
        .map(([place, kind]) => ({ name: place.replace(/.*\//, ""), kind, namespaced: true, verbs: ["get", "list"] }));
      return json({ kind: "APIResourceList", resources });
    }
    const [, namespace, place = ""] = namespaced(base);
    return known.has(place)
      ? json({
          metadata: {},
          items: (objects[place] ?? []).filter(
            (object) => namespace === undefined || namespaceOf(object) === namespace,
          ),
        })
      : { status: 404, body: { kind: "Status", message: "the server could not find the requested resource" } };
  };
}

function namespaced(base: string): [string, string | undefined, string] {
  const [all = "", before = "", namespace = "", after = ""] = /^(.*)namespaces\/([^/]+)\/(.*)$/.exec(base) ?? [];
  return all === "" ? [base, undefined, base] : [all, namespace, `${before}${after}`];
}

function namespaceOf(object: object): unknown {
  return (object as { metadata?: { namespace?: string } }).metadata?.namespace;
}

/** A kubeconfig of one server, without TLS. */
export function kubeconfigOf(host: string, name = "prod"): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    contexts: [{ name, context: { cluster: name, user: "me", namespace: "web" } }],
    clusters: [{ name, cluster: { server: `http://${host}`, "insecure-skip-tls-verify": true } }],
    users: [{ name: "me", user: { token: "t" } }],
  });
}
