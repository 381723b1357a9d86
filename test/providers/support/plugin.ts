import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import type { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { type LogLine, startEngine } from "./engine";

export type Properties = Record<string, unknown>;

/** What a provider says of a change. The kinds are the protocol's own, such as UPDATE or ADD_REPLACE. */
export interface Difference {
  changes: string;
  kinds: Record<string, string>;
  replaces: string[];
  deleteBeforeReplace: boolean;
}

/** A provider's process, which the test speaks to in the engine's place. */
export type Plugin = Awaited<ReturnType<typeof startPlugin>>;

export interface Place {
  cwd: string;
  env: NodeJS.ProcessEnv;
}

/** Starts a plugin as the engine does: it is told the engine's address, and prints the port that it listens on. */
export async function startPlugin(file: string, urn: string, place: Place) {
  const engine = await startEngine();
  const child = spawn(file, [engine.address], { ...place, stdio: ["ignore", "pipe", "ignore"] });
  const ended = once(child, "exit");
  const client = new ResourceProviderClient(`127.0.0.1:${await portOf(child)}`, credentials.createInsecure());

  return {
    process: child,
    ended,
    /** What the provider told people since the last call of this. */
    log: (): LogLine[] => engine.lines.splice(0),

    async version(): Promise<string> {
      return (await send<PluginInfo>((done) => client.getPluginInfo(new Empty(), done))).getVersion();
    },

    async configure(variables: Record<string, string> = {}): Promise<Record<string, boolean>> {
      const request = new proto.ConfigureRequest();
      for (const [name, value] of Object.entries(variables)) {
        request.getVariablesMap().set(name, value);
      }
      request.setAcceptsecrets(true);
      const response = await send<proto.ConfigureResponse>((done) => client.configure(request, done));
      return { acceptsSecrets: response.getAcceptsecrets(), supportsPreview: response.getSupportspreview() };
    },

    async check(news: Properties, olds: Properties = {}): Promise<Properties> {
      const request = new proto.CheckRequest();
      request.setUrn(urn);
      request.setOlds(struct(olds));
      request.setNews(struct(news));
      request.setRandomseed(new Uint8Array(32));
      const response = await send<proto.CheckResponse>((done) => client.check(request, done));
      return plain(response.getInputs());
    },

    async diff(id: string, olds: Properties, news: Properties): Promise<Difference> {
      const request = new proto.DiffRequest();
      request.setId(id);
      request.setUrn(urn);
      request.setOlds(struct(olds));
      request.setNews(struct(news));
      const response = await send<proto.DiffResponse>((done) => client.diff(request, done));
      const kinds: Record<string, string> = {};
      response.getDetaileddiffMap().forEach((property, name) => {
        kinds[name] = nameOf(proto.PropertyDiff.Kind, property.getKind());
      });
      return {
        changes: nameOf(proto.DiffResponse.DiffChanges, response.getChanges()),
        kinds,
        replaces: response.getReplacesList(),
        deleteBeforeReplace: response.getDeletebeforereplace(),
      };
    },

    async create(inputs: Properties, preview = false): Promise<{ id: string; properties: Properties }> {
      const request = new proto.CreateRequest();
      request.setUrn(urn);
      request.setProperties(struct(inputs));
      request.setPreview(preview);
      const response = await send<proto.CreateResponse>((done) => client.create(request, done));
      return { id: response.getId(), properties: plain(response.getProperties()) };
    },

    async update(id: string, olds: Properties, news: Properties, preview = false): Promise<Properties> {
      const request = new proto.UpdateRequest();
      request.setId(id);
      request.setUrn(urn);
      request.setOlds(struct(olds));
      request.setNews(struct(news));
      request.setPreview(preview);
      return plain((await send<proto.UpdateResponse>((done) => client.update(request, done))).getProperties());
    },

    async read(id: string, properties: Properties): Promise<{ id: string; properties: Properties }> {
      const request = new proto.ReadRequest();
      request.setId(id);
      request.setUrn(urn);
      request.setProperties(struct(properties));
      const response = await send<proto.ReadResponse>((done) => client.read(request, done));
      return { id: response.getId(), properties: plain(response.getProperties()) };
    },

    async delete(id: string, properties: Properties): Promise<void> {
      const request = new proto.DeleteRequest();
      request.setId(id);
      request.setUrn(urn);
      request.setProperties(struct(properties));
      await send<Empty>((done) => client.delete(request, done));
    },

    async stop(): Promise<void> {
      client.close();
      child.kill("SIGKILL");
      await ended;
      engine.stop();
    },
  };
}

/** The first line that a plugin prints. */
export async function portOf(child: ChildProcess & { stdout: NonNullable<ChildProcess["stdout"]> }): Promise<string> {
  const failed = once(child, "exit").then(([status]) => {
    throw new Error(`${child.spawnfile} ended with status ${status} before it printed its port`);
  });
  const [port] = await Promise.race([once(createInterface(child.stdout), "line"), failed]);
  return port;
}

function send<Response>(
  start: (done: (error: ServiceError | null, response: Response) => void) => unknown,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    start((error, response) => (error ? reject(new Error(error.details)) : resolve(response)));
  });
}

function struct(properties: Properties): Struct {
  return Struct.fromJavaScript(properties as Record<string, JavaScriptValue>);
}

function plain(properties: Struct | undefined): Properties {
  return properties?.toJavaScript() ?? {};
}

function nameOf(names: object, value: number): string {
  return Object.entries(names).find(([, each]) => each === value)?.[0] ?? "";
}
