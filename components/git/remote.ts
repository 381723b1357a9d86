import { git } from "./git";

/** One that every repository has, so that something is printed where there is no remote. */
const ALWAYS = "core.repositoryformatversion";

/** The URL of the remote `origin`, without credentials; undefined if there is none. */
export async function readRemote(root: string): Promise<string | undefined> {
  const printed = await git(["config", "-z", "--get-regexp", `^(${ALWAYS}|remote\\.origin\\.url)$`], { cwd: root });
  const settings = printed.split("\0").map((entry) => entry.split("\n") as [string, string?]);
  // Of several values git uses the last.
  const url = settings.findLast(([name]) => name === "remote.origin.url")?.[1];
  return url === undefined ? undefined : withoutCredentials(url);
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
