import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import type Docker from "dockerode";
import { BinaryReader, BinaryWriter } from "google-protobuf";

export interface Login {
  username: string;
  secret: string;
}

export interface Session {
  id: string;
  end(): void;
}

const METHOD = "/moby.filesync.v1.Auth/Credentials";

/**
 * What BuildKit asks its client in a build: credentials for the registries of base images. Dockerode's own session shows
 * one registry's credentials to all of them.
 */
export async function openSession(docker: Docker, loginTo: (host: string) => Login): Promise<Session> {
  const id = randomUUID();
  const socket = await new Promise<Duplex>((resolve, reject) => {
    const headers = {
      Upgrade: "h2c",
      "X-Docker-Expose-Session-Uuid": id,
      "X-Docker-Expose-Session-Name": "standin",
      "X-Docker-Expose-Session-Grpc-Method": METHOD,
    };
    docker.modem.dial(
      { path: "/session", method: "POST", hijack: true, headers, statusCodes: { 200: true } },
      (error: Error | null, connection: unknown) => (error ? reject(error) : resolve(connection as Duplex)),
    );
  });
  const server = new Server();
  server.addService(
    { credentials: credentialsMethod },
    {
      credentials({ request }: ServerUnaryCall<string, Login>, callback: sendUnaryData<Login>) {
        try {
          callback(null, loginTo(request));
        } catch (error) {
          callback({ code: status.UNKNOWN, details: (error as Error).message });
        }
      },
    },
  );
  server.createConnectionInjector(ServerCredentials.createInsecure()).injectConnection(socket);
  return {
    id,
    end() {
      server.forceShutdown();
      socket.end();
    },
  };
}

const credentialsMethod = {
  path: METHOD,
  requestStream: false,
  responseStream: false,
  requestSerialize: (host: string) => written([host]),
  requestDeserialize: (bytes: Buffer) => read(bytes)[0] ?? "",
  responseSerialize: ({ username, secret }: Login) => written([username, secret]),
  responseDeserialize: (bytes: Buffer) => {
    const [username = "", secret = ""] = read(bytes);
    return { username, secret };
  },
};

/** A message of strings only, numbered from one. */
function written(fields: string[]): Buffer {
  const writer = new BinaryWriter();
  for (const [index, field] of fields.entries()) {
    writer.writeString(index + 1, field);
  }
  return Buffer.from(writer.getResultBuffer());
}

function read(bytes: Buffer): string[] {
  const fields: string[] = [];
  const reader = new BinaryReader(bytes);
  while (reader.nextField()) {
    fields[reader.getFieldNumber() - 1] = reader.readString();
  }
  return fields;
}
