import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { type LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";

export interface LogLine {
  severity: string;
  message: string;
}

/** As much of an engine as a provider needs: something to log to. */
export interface Engine {
  address: string;
  /** What people would see: progress, which is shown for a moment, is left out. */
  lines: LogLine[];
  stop(): void;
}

export async function startEngine(): Promise<Engine> {
  const lines: LogLine[] = [];
  const severities = new Map(Object.entries(LogSeverity).map(([name, value]) => [value as number, name.toLowerCase()]));
  const server = new Server();
  server.addService(EngineService as never, {
    log({ request }: ServerUnaryCall<LogRequest, Empty>, callback: sendUnaryData<Empty>) {
      if (!request.getEphemeral()) {
        lines.push({ severity: severities.get(request.getSeverity()) ?? "", message: request.getMessage() });
      }
      callback(null, new Empty());
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { address: `127.0.0.1:${port}`, lines, stop: () => server.forceShutdown() };
}
