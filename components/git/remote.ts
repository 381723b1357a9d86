import { git } from "./git";

/** One that every repository has, so that something is printed where there is no remote. */
const ALWAYS = "core.repositoryformatversion";

/** The address of the remote `origin`, as `addressOf` writes it; undefined if there is none that can be shown. */
export async function readRemote(root: string): Promise<string | undefined> {
  const printed = await git(["config", "-z", "--get-regexp", `^(${ALWAYS}|remote\\.origin\\.url)$`], { cwd: root });
  const settings = printed.split("\0").map((entry) => entry.split("\n") as [string, string?]);
  // Of several values git uses the last.
  const url = settings.findLast(([name]) => name === "remote.origin.url")?.[1];
  return url === undefined ? undefined : addressOf(url);
}

/**
 * The one form of a remote's address that is the same in every clone, without what could be a password or token: by https where
 * its host serves that, which one that is asked as the user `git` does. Undefined for what can't be told from a secret.
 */
export function addressOf(remote: string): string | undefined {
  const [, helper, helped] = /^([a-z0-9][\w.-]*)::(.*)$/is.exec(remote) ?? [];
  if (helper !== undefined) {
    const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(helped ?? "") ? addressOf(helped ?? "") : undefined;
    return address && `${helper}::${address}`;
  }
  // Of a user and a password without a scheme, git itself would make a host and a path.
  return addressOfUrl(remote) ?? addressOfScp(remote) ?? (/:.*@/s.test(remote) ? undefined : remote);
}

function addressOfUrl(remote: string): string | undefined {
  const match = /^([a-z][a-z0-9+.-]*):\/\/(?:(.*)@)?([^/@?#]*)([^?#]*)/is.exec(remote);
  if (!match) {
    return undefined;
  }
  const [, written = "", credentials, authority = "", path = ""] = match;
  const [scheme, host] = [written.toLowerCase(), authority.toLowerCase()];
  if (/^https?$/.test(scheme)) {
    return onHost(scheme, host.replace(scheme === "https" ? /:443$/ : /:80$/, ""), path);
  }
  const user = /ssh/.test(scheme) ? credentials?.replace(/:.*$/s, "") : undefined;
  if (user === "git" && !path.startsWith("/~")) {
    return onHost("https", host.replace(/:\d*$/, ""), path);
  }
  return `${scheme}://${user ? `${user}@` : ""}${authority}${path}`;
}

/** As git and scp write it: user@host:path. */
function addressOfScp(remote: string): string | undefined {
  const [, host = "", path = ""] = /^git@([^/:@]{2,}):(?![/~])(.+)$/s.exec(remote) ?? [];
  return host === "" ? undefined : onHost("https", host.toLowerCase(), `/${path}`);
}

/** Hosts that serve a repository under a name with and without .git, and what they are called for ssh through a firewall. */
const FORGES: Record<string, string> = {
  "github.com": "github.com",
  "ssh.github.com": "github.com",
  "gitlab.com": "gitlab.com",
  "altssh.gitlab.com": "gitlab.com",
  "bitbucket.org": "bitbucket.org",
  "altssh.bitbucket.org": "bitbucket.org",
};

function onHost(scheme: string, host: string, path: string): string {
  const forge = FORGES[host];
  return forge ? `https://${forge}${path.replace(/(?:\.git)?\/*$/, "")}` : `${scheme}://${host}${path}`;
}
