import { credentials, Server, ServerCredentials } from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engine from "@pulumi/pulumi/proto/engine_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import type { Kind } from "./diff";
import type { Properties } from "./properties";
import { methodsOf } from "./protocol";

/** Tells people something, and waits until the engine has heard it. */
export type Log = (severity: "info" | "warning", message: string) => Promise<void>;

export interface Created {
  id: string;
  outputs: Properties;
}

export interface Difference {
  kinds: Record<string, Kind>;
  deleteBeforeReplace?: boolean;
}

/** A provider, as far as the stand-ins need one. Errors that are thrown are what the engine shows. */
export interface Provider {
  version: string;
  configure(variables: Record<string, string>): Promise<void>;
  check(urn: string, olds: Properties, news: Properties, log: Log): Promise<Properties>;
  diff(id: string, olds: Properties, news: Properties): Difference;
  create(inputs: Properties, preview: boolean, log: Log): Promise<Created>;
  update(olds: Properties, news: Properties, preview: boolean, log: Log): Promise<Properties>;
  /** The resource as it is now, or undefined if it is gone. Default: what the state says. */
  read?(properties: Properties): Promise<Properties | undefined>;
  delete(properties: Properties): Promise<void>;
}

/** Serves a provider to the engine that started this process, until that ends. The protocol is the real one. */
export async function serve(provider: Provider): Promise<void> {
  const server = new Server({ "grpc.max_receive_message_length": -1 });
  server.addService(ResourceProviderService, methodsOf(provider, logTo(process.argv[2] ?? "")));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  process.stdout.write(`${port}\n`);
  endWithParent();
}

function logTo(address: string): (urn: string) => Log {
  const client = new EngineClient(address, credentials.createInsecure());
  return (urn) => (severity, message) => {
    const request = new engine.LogRequest();
    request.setSeverity(severity === "info" ? engine.LogSeverity.INFO : engine.LogSeverity.WARNING);
    request.setMessage(message);
    request.setUrn(urn);
    return new Promise((resolve, reject) => {
      client.log(request, (error) => (error ? reject(error) : resolve()));
    });
  };
}

/** An engine that was killed tells nobody. Its number is told by what starts this, lest it is gone before it is read. */
function endWithParent(): void {
  const parent = Number(process.env.VERSIONED_IMAGE_ENGINE_PID ?? process.ppid);
  setInterval(() => {
    if (process.ppid !== parent) {
      process.exit(0);
    }
  }, 500);
}
