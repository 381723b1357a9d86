import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import * as path from "node:path";

interface Answer {
  status: number;
  body: unknown;
}

/** Google's token service of workload identity federation, played by a local server. */
export class GoogleTokens {
  /** What it was asked for, as forms. */
  readonly asked: string[] = [];
  /** What it answers. */
  reply: Answer = { status: 500, body: {} };
  /** What it answers first, one after the other. */
  replies: Answer[] = [];

  private constructor(
    private readonly server: Server,
    /** Its configuration for a client and whatever that needs. */
    readonly folder: string,
  ) {}

  static async start(): Promise<GoogleTokens> {
    let tokens: GoogleTokens | undefined;
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (part) => {
        body += part;
      });
      request.on("end", () => {
        tokens?.asked.push(body);
        const { status, body: answer } = tokens?.replies.shift() ?? tokens?.reply ?? { status: 500, body: {} };
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const folder = mkdtempSync(path.join(tmpdir(), "gcp-"));
    writeFileSync(path.join(folder, "subject"), "token-of-the-ci");
    writeFileSync(
      path.join(folder, "configuration.json"),
      JSON.stringify({
        type: "external_account",
        audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/ci",
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        token_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/token`,
        credential_source: { file: path.join(folder, "subject") },
      }),
    );
    tokens = new GoogleTokens(server, folder);
    return tokens;
  }

  /** What GOOGLE_APPLICATION_CREDENTIALS names. */
  get configuration(): string {
    return path.join(this.folder, "configuration.json");
  }

  /** Gives out this access token from now on. */
  give(token: string): void {
    this.reply = answerOf(token);
  }

  /** Gives out these access tokens, one after the other. */
  giveEach(...given: string[]): void {
    this.replies = given.map(answerOf);
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function answerOf(token: string): Answer {
  return {
    status: 200,
    body: {
      access_token: token,
      issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
      token_type: "Bearer",
      expires_in: 3600,
    },
  };
}
