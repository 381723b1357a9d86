import {
  credentials,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engine from "@pulumi/pulumi/proto/engine_pb";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

export type Properties = Record<string, unknown>;

/** What stands in the place of a value that a preview can't know. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A value that the engine is to keep as a secret. */
export function secret(value: unknown): Properties {
  return { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value };
}

/** A provider, as far as the stand-ins need one. Errors that are thrown are what the engine shows. */
export interface Provider {
  version: string;
  configure(variables: Record<string, string>): Promise<void>;
  check(urn: string, inputs: Properties, log: Log): Promise<Properties>;
  diff(id: string, olds: Properties, news: Properties): { changed: string[]; replace: string[] };
  create(urn: string, inputs: Properties, preview: boolean, log: Log): Promise<{ id: string; outputs: Properties }>;
  update(
    id: string,
    urn: string,
    olds: Properties,
    inputs: Properties,
    preview: boolean,
    log: Log,
  ): Promise<Properties>;
  read(id: string, properties: Properties): Promise<Properties | undefined>;
  delete(id: string, properties: Properties, log: Log): Promise<void>;
}

export type Log = (severity: "info" | "warning", message: string) => void;

type Call<T> = ServerUnaryCall<T, unknown>;

/** Serves a provider to the engine that started this process, until that ends. The protocol is the real one. */
export async function serve(provider: Provider): Promise<void> {
  const engineClient = new EngineClient(process.argv[2] ?? "", credentials.createInsecure());
  const logTo =
    (urn: string): Log =>
    (severity, message) => {
      const request = new engine.LogRequest();
      request.setSeverity(severity === "info" ? engine.LogSeverity.INFO : engine.LogSeverity.WARNING);
      request.setMessage(message);
      request.setUrn(urn);
      engineClient.log(request, () => {
        // The message is for people: without an engine there is nobody to show it to.
      });
    };

  const server = new Server({ "grpc.max_receive_message_length": -1 });
  server.addService(ResourceProviderService, {
    getPluginInfo: unary(async () => {
      const info = new plugin.PluginInfo();
      info.setVersion(provider.version);
      return info;
    }),
    attach: unary(async () => new Empty()),
    cancel: unary(async () => new Empty()),
    getSchema: unary(async () => {
      const response = new proto.GetSchemaResponse();
      response.setSchema("{}");
      return response;
    }),
    checkConfig: unary(async ({ request }: Call<proto.CheckRequest>) => {
      const response = new proto.CheckResponse();
      response.setInputs(request.getNews());
      return response;
    }),
    diffConfig: unary(async () => new proto.DiffResponse()),
    configure: unary(async ({ request }: Call<proto.ConfigureRequest>) => {
      await provider.configure(Object.fromEntries(request.getVariablesMap().toObject()));
      const response = new proto.ConfigureResponse();
      response.setSupportspreview(true);
      return response;
    }),
    check: unary(async ({ request }: Call<proto.CheckRequest>) => {
      const response = new proto.CheckResponse();
      response.setInputs(
        pack(await provider.check(request.getUrn(), unpack(request.getNews()), logTo(request.getUrn()))),
      );
      return response;
    }),
    diff: unary(async ({ request }: Call<proto.DiffRequest>) => {
      const response = new proto.DiffResponse();
      const { changed, replace } = provider.diff(request.getId(), unpack(request.getOlds()), unpack(request.getNews()));
      const { DIFF_SOME, DIFF_NONE } = proto.DiffResponse.DiffChanges;
      response.setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE);
      response.setDiffsList(changed);
      response.setReplacesList(replace);
      return response;
    }),
    create: unary(async ({ request }: Call<proto.CreateRequest>) => {
      const inputs = unpack(request.getProperties());
      const { id, outputs } = await provider.create(
        request.getUrn(),
        inputs,
        request.getPreview(),
        logTo(request.getUrn()),
      );
      const response = new proto.CreateResponse();
      response.setId(id);
      response.setProperties(pack(outputs));
      return response;
    }),
    update: unary(async ({ request }: Call<proto.UpdateRequest>) => {
      const response = new proto.UpdateResponse();
      const [olds, news] = [unpack(request.getOlds()), unpack(request.getNews())];
      const log = logTo(request.getUrn());
      const outputs = await provider.update(request.getId(), request.getUrn(), olds, news, request.getPreview(), log);
      response.setProperties(pack(outputs));
      return response;
    }),
    read: unary(async ({ request }: Call<proto.ReadRequest>) => {
      const response = new proto.ReadResponse();
      const found = await provider.read(request.getId(), unpack(request.getProperties()));
      if (found) {
        response.setId(request.getId());
        response.setProperties(pack(found));
        response.setInputs(request.getInputs());
      }
      return response;
    }),
    delete: unary(async ({ request }: Call<proto.DeleteRequest>) => {
      await provider.delete(request.getId(), unpack(request.getProperties()), logTo(request.getUrn()));
      return new Empty();
    }),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  process.stdout.write(`${port}\n`);
  endWithParent();
}

function unary<Request>(handle: (call: Call<Request>) => Promise<unknown>) {
  return (call: Call<Request>, callback: sendUnaryData<unknown>) => {
    handle(call).then(
      (response) => callback(null, response),
      (error) => callback({ code: status.UNKNOWN, details: error instanceof Error ? error.message : String(error) }),
    );
  };
}

function unpack(struct: Struct | undefined): Properties {
  return (struct?.toJavaScript() ?? {}) as Properties;
}

function pack(properties: Properties): Struct {
  // Undefined has no place in the protocol.
  return Struct.fromJavaScript(JSON.parse(JSON.stringify(properties)));
}

/** An engine that was killed tells nobody. */
function endWithParent(): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) {
      process.exit(0);
    }
  }, 500);
}
