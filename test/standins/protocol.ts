import { type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Difference, Log, Provider } from "./plugin";
import { pack, unpack } from "./properties";

/** What the engine may ask of a provider, in the words of the protocol. */
export function methodsOf(provider: Provider, logOf: (urn: string) => Log) {
  return {
    getPluginInfo: unary(async () => {
      const info = new PluginInfo();
      info.setVersion(provider.version);
      return info;
    }),
    cancel: unary(async () => new Empty()),
    getSchema: unary(async () => {
      const response = new proto.GetSchemaResponse();
      response.setSchema("{}");
      return response;
    }),
    checkConfig: unary(async (request: proto.CheckRequest) => {
      const response = new proto.CheckResponse();
      response.setInputs(request.getNews());
      return response;
    }),
    diffConfig: unary(async () => new proto.DiffResponse()),
    configure: unary(async (request: proto.ConfigureRequest) => {
      await provider.configure(Object.fromEntries(request.getVariablesMap().getEntryList()));
      const response = new proto.ConfigureResponse();
      response.setSupportspreview(true);
      return response;
    }),
    check: unary(async (request: proto.CheckRequest) => {
      const urn = request.getUrn();
      const [olds, news] = [unpack(request.getOlds()), unpack(request.getNews())];
      const response = new proto.CheckResponse();
      response.setInputs(pack(await provider.check(urn, olds, news, logOf(urn))));
      return response;
    }),
    diff: unary(async (request: proto.DiffRequest) => {
      const [olds, news] = [unpack(request.getOlds()), unpack(request.getNews())];
      return responseOf(provider.diff(request.getId(), olds, news));
    }),
    create: unary(async (request: proto.CreateRequest) => {
      const inputs = unpack(request.getProperties());
      const { id, outputs } = await provider.create(inputs, request.getPreview(), logOf(request.getUrn()));
      const response = new proto.CreateResponse();
      response.setId(id);
      response.setProperties(pack(outputs));
      return response;
    }),
    update: unary(async (request: proto.UpdateRequest) => {
      const [olds, news] = [unpack(request.getOlds()), unpack(request.getNews())];
      const response = new proto.UpdateResponse();
      response.setProperties(pack(await provider.update(olds, news, request.getPreview(), logOf(request.getUrn()))));
      return response;
    }),
    read: unary(async (request: proto.ReadRequest) => {
      const response = new proto.ReadResponse();
      const found = provider.read && (await provider.read(unpack(request.getProperties())));
      if (!provider.read || found) {
        response.setId(request.getId());
        response.setProperties(found ? pack(found) : request.getProperties());
        response.setInputs(request.getInputs());
      }
      return response;
    }),
    delete: unary(async (request: proto.DeleteRequest) => {
      await provider.delete(unpack(request.getProperties()));
      return new Empty();
    }),
  };
}

function responseOf({ kinds, deleteBeforeReplace = false }: Difference): proto.DiffResponse {
  const { DIFF_SOME, DIFF_NONE } = proto.DiffResponse.DiffChanges;
  const names = Object.keys(kinds);
  const response = new proto.DiffResponse();
  response.setChanges(names.length > 0 ? DIFF_SOME : DIFF_NONE);
  response.setReplacesList(names.filter((name) => kinds[name]?.endsWith("_REPLACE")));
  response.setDeletebeforereplace(deleteBeforeReplace);
  response.setHasdetaileddiff(names.length > 0);
  for (const [name, kind] of Object.entries(kinds)) {
    const property = new proto.PropertyDiff();
    property.setKind(proto.PropertyDiff.Kind[kind]);
    response.getDetaileddiffMap().set(name, property);
  }
  return response;
}

function unary<Request>(handle: (request: Request) => Promise<unknown>) {
  return ({ request }: ServerUnaryCall<Request, unknown>, callback: sendUnaryData<unknown>) => {
    handle(request).then(
      (response) => callback(null, response),
      (error) => callback({ code: status.UNKNOWN, details: error instanceof Error ? error.message : String(error) }),
    );
  };
}
