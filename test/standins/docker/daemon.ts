import { existsSync } from "node:fs";
import * as path from "node:path";
import Docker from "dockerode";
import { pack } from "tar-fs";
import { parseReference } from "../../../components/registry";
import { userCredentials } from "../../../components/registry/dockerConfig";
import { contextFiles } from "./contextFiles";

export interface Build {
  context: string;
  dockerfile: string;
  platform: string;
  target?: string;
  args?: Record<string, string>;
  cacheFrom?: { images?: string[] };
  network?: string;
  addHosts?: string[];
}

export interface Registry {
  server?: string;
  username?: string;
  password?: string;
}

/** What a daemon sends while it builds or pushes. */
interface Message {
  error?: string;
  aux?: { ID?: string; Digest?: string };
}

/** The daemon that DOCKER_HOST names, or the one at its usual place. */
export function connect(): Docker {
  return new Docker({ version: "v1.41" });
}

/** Builds with BuildKit through the engine's API. Returns the image's ID. */
export async function build(docker: Docker, name: string, options: Build): Promise<string> {
  const { context, dockerfile } = options;
  const inside = path.relative(context, dockerfile);
  const ignoreFile = [`${inside}.dockerignore`, ".dockerignore"].find((file) => existsSync(path.join(context, file)));
  const entries = new Set([inside, ...(ignoreFile ? [ignoreFile] : []), ...contextFiles(context, dockerfile)]);
  const tar: unknown = pack(context, {
    entries: [...entries].sort(),
    map: (header) => ({ ...header, uid: 0, gid: 0, uname: "", gname: "" }),
  });
  const stream: NodeJS.ReadableStream = await docker.buildImage(tar as NodeJS.ReadableStream, {
    t: name,
    dockerfile: inside,
    version: "2",
    platform: options.platform,
    ...(options.target && { target: options.target }),
    ...(options.args && { buildargs: options.args }),
    ...(options.cacheFrom?.images && { cachefrom: JSON.stringify(options.cacheFrom.images) }),
    ...(options.network && { networkmode: options.network }),
    // Sent as several values of one name, which the types do not know.
    ...(options.addHosts && { extrahosts: options.addHosts as unknown as string }),
  });
  const messages = await follow(docker, stream, "error reading build output");
  const id = messages.findLast(({ aux }) => aux?.ID?.startsWith("sha256:"))?.aux?.ID;
  if (id === undefined) {
    throw new Error("no image id found in build output");
  }
  return id;
}

/** Pushes an image under its name. Returns the digest that the registry gave it. */
export async function push(docker: Docker, name: string, registry: Registry): Promise<string> {
  const { host, tag } = parseReference(name);
  const found = registry.username ? registry : ((await userCredentials(host, process.env)) ?? {});
  const authconfig = {
    username: found.username ?? "",
    password: found.password ?? "",
    serveraddress: registry.server ?? host,
    ...("identityToken" in found && { identitytoken: found.identityToken }),
  };
  const stream: NodeJS.ReadableStream = await docker
    .getImage(name.slice(0, name.lastIndexOf(":")))
    .push({ tag, authconfig });
  const messages = await follow(docker, stream, "error reading push output");
  const digest = messages.findLast(({ aux }) => aux?.Digest)?.aux?.Digest;
  if (digest === undefined) {
    throw new Error("push completed without reporting a digest");
  }
  return digest;
}

function follow(docker: Docker, stream: NodeJS.ReadableStream, what: string): Promise<Message[]> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error: Error | null, messages: Message[]) => {
      const words = error?.message ?? messages?.find((message) => message.error)?.error;
      if (words === undefined) {
        resolve(messages);
      } else {
        reject(new Error(`${what}: ${words}`));
      }
    });
  });
}
