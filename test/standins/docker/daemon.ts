import { homedir } from "node:os";
import Docker from "dockerode";
import type { Log } from "../plugin";
import { packContext } from "./context";
import { type Login, userCredentials } from "./credentials";
import { repositoryOf } from "./imageName";
import { openSession } from "./session";

export interface Build {
  context: string;
  dockerfile: string;
  platform: string;
  builderVersion?: string;
  target?: string;
  args?: Record<string, string>;
  cacheFrom?: { images?: string[] };
  network?: string;
  addHosts?: string[];
}

/** What a daemon sends while it builds or pushes. */
interface Message {
  errorDetail?: { code?: number; message: string };
  aux?: { ID?: string; Digest?: string };
}

/** The daemon that DOCKER_HOST names, else the one at its usual places. */
export async function connect(): Promise<Docker> {
  const usual = ["/var/run", `${homedir()}/.docker/run`, `${homedir()}/.docker/desktop`];
  const candidates = process.env.DOCKER_HOST
    ? [new Docker()]
    : usual.map((directory) => new Docker({ socketPath: `${directory}/docker.sock` }));
  const words: string[] = [];
  for (const docker of candidates) {
    try {
      await docker.ping();
      return docker;
    } catch (error) {
      words.push((error as Error).message);
    }
  }
  throw new Error(`failed to connect to any docker daemon: ${words.join("; ")}`);
}

/**
 * Builds an image under a name, with BuildKit unless the inputs say otherwise, or the daemon has none to talk to. Returns the
 * image's ID.
 */
export async function build(
  docker: Docker,
  name: string,
  options: Build,
  login: Login | undefined,
  log: Log,
): Promise<string> {
  const loginTo = (host: string) => (host === login?.serveraddress ? login : userCredentials(host));
  const session =
    options.builderVersion === "BuilderV1"
      ? undefined
      : await openSession(docker, (host) => {
          const { username, password, identitytoken } = loginTo(host);
          return { username, secret: identitytoken ?? password };
        }).catch(async (error: Error) => {
          await log("warning", `Error running BuildKit session: ${error.message}`);
          return undefined;
        });
  try {
    const { tar, dockerfile } = packContext(options.context, options.dockerfile);
    const stream = await dial(docker, "/build?", {
      file: tar,
      ...(login && { registryconfig: { [login.serveraddress]: login } }),
      options: {
        t: name,
        dockerfile,
        platform: options.platform,
        version: session ? "2" : "1",
        ...(session && { session: session.id }),
        ...(options.target && { target: options.target }),
        ...(options.args && { buildargs: options.args }),
        ...(options.cacheFrom?.images && { cachefrom: JSON.stringify(options.cacheFrom.images) }),
        ...(options.network && { networkmode: options.network }),
        ...(options.addHosts && { extrahosts: options.addHosts }),
      },
    }).catch((error: Error) => Promise.reject(new Error(`error building image: ${error.message}`)));
    const messages = await follow(docker, stream, "error reading build output");
    const id = messages.findLast(({ aux }) => aux?.ID?.startsWith("sha256:"))?.aux?.ID;
    if (id === undefined) {
      throw new Error("no image id found in build output");
    }
    return id;
  } finally {
    session?.end();
  }
}

/** Pulls the images that a build may take layers of; one that can't be had is no error. */
export async function pullCaches(docker: Docker, options: Build, login: Login, log: Log): Promise<void> {
  for (const image of options.cacheFrom?.images ?? []) {
    try {
      const request = { authconfig: login, options: { fromImage: image, platform: options.platform } };
      const stream = await dial(docker, "/images/create?", request);
      await follow(docker, stream, "error reading pull output");
    } catch (error) {
      await log("info", `cacheFrom image ${image} not available: ${(error as Error).message}`);
    }
  }
}

/** Pushes an image under its name. Returns where the registry has it, by digest; daemons that do not say that are asked afterwards. */
export async function push(docker: Docker, name: string, imageId: string, login: Login, log: Log): Promise<string> {
  const repository = repositoryOf(name);
  const tag = name.slice(repository.length + 1) || "latest";
  const stream = await dial(docker, `/images/${repository}/push?`, { authconfig: login, options: { tag } });
  const messages = await follow(docker, stream, "error reading push output");
  const digest = messages.findLast(({ aux }) => aux?.Digest)?.aux?.Digest;
  if (digest !== undefined) {
    return `${repository}@${digest}`;
  }
  await log("warning", "The push ended without a digest; the local image is asked for it");
  const { RepoDigests } = await docker.getImage(imageId).inspect();
  return RepoDigests.find((named) => named.startsWith(`${repository}@`)) ?? "<none>@<none>";
}

function dial(docker: Docker, path: string, request: object): Promise<NodeJS.ReadableStream> {
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      { path, method: "POST", isStream: true, statusCodes: { 200: true }, ...request },
      (error: Error | null, stream: unknown) => {
        if (error) {
          reject(new Error(error.message.replace(/^\(HTTP code \d+\) .*? - /, "Error response from daemon: ").trim()));
        } else {
          resolve(stream as NodeJS.ReadableStream);
        }
      },
    );
  });
}

function follow(docker: Docker, stream: NodeJS.ReadableStream, what: string): Promise<Message[]> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error: Error | null, messages: Message[]) => {
      const detail = messages.find((message) => message.errorDetail)?.errorDetail;
      const words = error?.message ?? (detail?.code === 401 ? "authentication is required" : detail?.message);
      if (words === undefined) {
        resolve(messages);
      } else {
        reject(new Error(`${what}: ${words}`));
      }
    });
  });
}
