import { spawn } from "node:child_process";
import { createServer as createProxy, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import * as path from "node:path";
import { certify } from "../../test/support/authority";
import { run } from "../setup/run";
import { IDENTITY } from "./installed";
import { FOLDER, writeFiles } from "./plugin";

/** A host that nobody can have. Its address has no port: Pulumi's CLI 3.259 panics at one that has. */
const HOST = "git.example";

/** A bare repository of a clone's commit and, on it, the plugin that a release commits, under the release's tag. */
export async function commitPlugin(
  files: Record<string, string>,
  clone: string,
  bare: string,
  version: string,
): Promise<void> {
  const git = (...args: string[]) => run("git", [...IDENTITY, ...args], { cwd: clone });
  await writeFiles(files, path.join(clone, FOLDER));
  await git("add", FOLDER);
  // A release's commit has it already.
  await git("commit", "--quiet", "--allow-empty", "--message", "The plugin");
  await git("tag", "--force", `v${version}`);
  await git("clone", "--quiet", "--bare", clone, bare);
}

export interface GitServer {
  /** The https address of its repositories, behind the proxy. */
  url: string;
  /** What a client needs in its environment to get there. */
  env: NodeJS.ProcessEnv;
  close(): void;
}

/** Serves the repositories of a folder by https, for reading: the one protocol by which Pulumi's CLI fetches a plugin from git. */
export async function gitServer(folder: string): Promise<GitServer> {
  const { key, cert, authority, dispose } = certify([`DNS:${HOST}`]);
  const server = createServer({ key, cert }, (request, response) => backend(folder, request, response));
  const proxy = createProxy().on("connect", ({ url = "" }: IncomingMessage, socket) => {
    const [host, port] = url.split(":");
    socket.on("error", () => socket.destroy());
    if (host === HOST) {
      socket.write(ESTABLISHED);
      server.emit("connection", socket);
      return;
    }
    const other = connect(Number(port), host, () => {
      socket.write(ESTABLISHED);
      other.pipe(socket).pipe(other);
    });
    other.on("error", () => socket.destroy());
  });
  proxy.listen(0, "127.0.0.1");
  await new Promise((resolve) => proxy.once("listening", resolve));
  return {
    url: `https://${HOST}`,
    env: {
      HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      NO_PROXY: "127.0.0.1",
      SSL_CERT_FILE: authority,
    },
    close: () => {
      proxy.close();
      proxy.closeAllConnections();
      server.closeAllConnections();
      dispose();
    },
  };
}

const ESTABLISHED = "HTTP/1.1 200 Connection established\r\n\r\n";

/** One request, answered by git's own CGI program. */
function backend(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? "/", "https://localhost");
  const child = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      // The folder may be another user's, as it is for root in a container.
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "safe.directory",
      GIT_CONFIG_VALUE_0: "*",
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.on("error", () => response.writeHead(500).end());
  request.pipe(child.stdin);
  let head = Buffer.alloc(0);
  child.stdout.on("data", (chunk: Buffer) => {
    if (response.headersSent) {
      response.write(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end >= 0) {
      const headers = head
        .subarray(0, end)
        .toString()
        .split("\r\n")
        .map((line) => line.split(": ", 2) as [string, string]);
      const { Status = "200", ...rest } = Object.fromEntries(headers);
      response.writeHead(Number.parseInt(Status, 10), rest).write(head.subarray(end + 4));
    }
  });
  child.stdout.on("end", () => response.end());
}
