import { GitError, git } from "./git";

/** The URL of the remote `origin`, without credentials; undefined if there is none. */
export async function readRemote(root: string): Promise<string | undefined> {
  try {
    const printed = await git(["config", "--get", "remote.origin.url"], { cwd: root });
    return withoutCredentials(printed.trim());
  } catch (error) {
    if (error instanceof GitError && error.exitCode === 1) {
      return undefined;
    }
    throw error;
  }
}

/** A remote's URL without what could be a password or token. A user's name stays where it is part of the address (ssh). */
export function withoutCredentials(remote: string): string {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/]*@)?(.*)$/i.exec(remote);
  if (!match) {
    return remote;
  }
  const [, scheme = "", credentials, rest = ""] = match;
  const user = /ssh/i.test(scheme) ? credentials?.replace(/:.*@$/, "@") : undefined;
  // A query can hold a token as well.
  return `${scheme}://${user ?? ""}${rest.replace(/[?#].*$/, "")}`;
}
