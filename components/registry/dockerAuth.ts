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
