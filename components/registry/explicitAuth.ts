import type { Credentials } from "./dockerConfig";

/** Credentials that a program gives itself. */
export interface ExplicitAuth {
  /** The registry that they are for, as in `docker login HOST`. Default: every registry. */
  server?: string;
  username?: string;
  password?: string;
}

/** The program's own credentials for a registry, if it gives some for that. */
export function explicitCredentials(auth: ExplicitAuth | undefined, host: string): Credentials | undefined {
  if (auth?.password === undefined) {
    return undefined;
  }
  const { server, username, password } = auth;
  return server === undefined || canonicalHost(server) === canonicalHost(host)
    ? { username, password, explicit: true }
    : undefined;
}

/** The registry that `docker login` takes a server for: it may have a scheme and a path, and Docker Hub two names. */
function canonicalHost(server: string): string {
  const host = server.replace(/^https?:\/\//, "").split("/")[0] ?? "";
  return host === "index.docker.io" ? "docker.io" : host;
}
