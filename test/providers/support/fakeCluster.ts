import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** As much of an API server as one Deployment's rollout needs; the test says what it answers. */
export interface FakeCluster {
  kubeconfig: string;
  /** The requests in short, and the bodies of those that have one. */
  requests: { line: string; type: string | undefined; body: string }[];
  /** What each question for the Deployment is answered with, undefined if it is not there; the last answer stays. */
  states: (object | undefined)[];
  pods: object[];
  stop(): Promise<void>;
}

const RESOURCES = {
  kind: "APIResourceList",
  resources: [{ name: "deployments", kind: "Deployment", namespaced: true, verbs: ["get", "patch", "delete"] }],
};

export async function startFakeCluster(): Promise<FakeCluster> {
  const server = createServer(async (incoming, outgoing) => {
    const line = `${incoming.method} ${incoming.url}`;
    cluster.requests.push({ line, type: incoming.headers["content-type"], body: await bodyOf(incoming) });
    const { pathname } = new URL(incoming.url ?? "", "http://localhost");
    answer(outgoing, pathname, incoming.method ?? "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  function answer(outgoing: ServerResponse, pathname: string, method: string): void {
    if (pathname.endsWith("/pods")) {
      json(outgoing, 200, { kind: "PodList", apiVersion: "v1", metadata: {}, items: cluster.pods });
    } else if (pathname.endsWith("/deployments/app")) {
      const state = method === "GET" && cluster.states.length > 1 ? cluster.states.shift() : cluster.states[0];
      json(outgoing, state ? 200 : 404, state ?? { kind: "Status", code: 404, reason: "NotFound" });
    } else if (pathname === "/apis/apps/v1") {
      json(outgoing, 200, RESOURCES);
    } else {
      json(outgoing, 200, { major: "1", minor: "34", gitVersion: "v1.34.4" });
    }
  }

  const cluster: FakeCluster = {
    kubeconfig: JSON.stringify({
      clusters: [{ name: "c", cluster: { server: url, "insecure-skip-tls-verify": true } }],
      users: [{ name: "u", user: {} }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u", namespace: "team" } }],
      "current-context": "x",
    }),
    requests: [],
    states: [],
    pods: [],
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return cluster;
}

function json(outgoing: ServerResponse, status: number, body: object): void {
  outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
