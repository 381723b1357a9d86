import { randomUUID } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { type Asked, type Behaviour, denial, type Mood } from "./registryProxy";

const USER = "user";
const PASSWORD = "write-7c1d-secret";
const BASIC = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString("base64")}`;

/** A registry that lets everyone read, and wants a login of who writes: by password, or by tokens of a service of its own. */
export class WriteLogin {
  /** How many tokens were given to who may write. */
  given = 0;
  private readonly tokens = new Set<string>();

  constructor(private readonly scheme: "Basic" | "Bearer") {}

  /** For the moods of a registry, before all others. */
  readonly behaviour: Behaviour = (asked) => {
    if (asked.url.startsWith("/token")) {
      return { instead: this.token(asked) };
    }
    const writes = asked.method !== "GET" && asked.method !== "HEAD";
    return (writes || asked.kind === "ping") && !this.knows(asked.authorization) ? this.challenge(asked) : undefined;
  };

  /** The next tag that is to be set finds that its token has ended. */
  endTokenAtTag(): Behaviour {
    let ended = false;
    return (asked) => {
      if (ended || asked.kind !== "tag") {
        return undefined;
      }
      ended = true;
      this.tokens.delete(asked.authorization ?? "");
      return this.challenge(asked);
    };
  }

  private knows(authorization: string | undefined): boolean {
    return this.scheme === "Basic" ? authorization === BASIC : this.tokens.has(authorization ?? "");
  }

  private challenge({ host, url }: Asked): Mood {
    const scope = /^\/v2\/(.+?)\/(?:manifests|blobs)\//.exec(url)?.[1];
    const bearer = `Bearer realm="http://${host}/token",service="test"${scope ? `,scope="repository:${scope}:pull,push"` : ""}`;
    const wanted = this.scheme === "Basic" ? 'Basic realm="test"' : bearer;
    return { instead: denial(401, "UNAUTHORIZED", "log in", { "www-authenticate": wanted }) };
  }

  private token({ method, url, authorization }: Asked): Mood["instead"] {
    if (method !== "GET") {
      return denial(404, "UNSUPPORTED", "tokens are to be had by GET");
    }
    const token = randomUUID();
    if (authorization === BASIC) {
      this.given++;
      this.tokens.add(`Bearer ${token}`);
    } else if (authorization !== undefined || /push/.test(url)) {
      return denial(401, "UNAUTHORIZED", "log in");
    }
    return { status: 200, headers: { "content-type": "application/json" }, body: { token, expires_in: 300 } };
  }
}

/** Docker's configuration with a helper that takes its time to tell the login of a registry. */
export interface SlowHelper {
  /** For who is to ask it. */
  env: NodeJS.ProcessEnv;
  dispose(): void;
}

/** `seconds`: how long the helper takes. */
export function slowHelper(host: string, seconds: number): SlowHelper {
  const directory = mkdtempSync(path.join(tmpdir(), "helper-"));
  const helper = path.join(directory, "docker-credential-slow");
  const answer = JSON.stringify({ ServerURL: host, Username: USER, Secret: PASSWORD });
  writeFileSync(helper, `#!/bin/sh\ncat > /dev/null\nsleep ${seconds}\necho '${answer}'\n`);
  chmodSync(helper, 0o755);
  writeFileSync(path.join(directory, "config.json"), JSON.stringify({ credHelpers: { [host]: "slow" } }));
  return {
    env: { DOCKER_CONFIG: directory, PATH: `${directory}${path.delimiter}${process.env.PATH}` },
    dispose: () => rmSync(directory, { recursive: true }),
  };
}
