/** What a registry may be shown. */
export interface Credentials {
  username?: string;
  password?: string;
  /** What a token service takes for a password (an OAuth 2 refresh token). */
  identityToken?: string;
  /** A token for the registry itself. */
  registryToken?: string;
  /** Whether the program gave them itself, so that no login of the user changes them. */
  explicit?: true;
}

/** A user and a password, as Docker's `auth` has them: base64 of user:password. */
export interface UserPassword {
  username: string;
  password: string;
}

/** Reads an `auth`; undefined if it is none. */
export function decodeAuth(auth: string): UserPassword | undefined {
  const encoded = auth.replace(/[\r\n]/g, "");
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(encoded)) {
    return undefined;
  }
  const decoded = Buffer.from(encoded, "base64").toString();
  const colon = decoded.indexOf(":");
  // Some versions of Docker end a password with NUL bytes.
  const password = decoded.slice(colon + 1).replace(/^\0+|\0+$/g, "");
  return colon > 0 ? { username: decoded.slice(0, colon), password } : undefined;
}

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
  const host = hostnameOf(server);
  return host === "index.docker.io" ? "docker.io" : host;
}

/** The host, with its port, of what may be an address, such as https://h.example/v1/. */
export function hostnameOf(address: string): string {
  return address.replace(/^https?:\/\//, "").split("/")[0] ?? "";
}
