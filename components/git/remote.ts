import { git } from "./git";

/** The address of the remote `origin`, as `addressOf` writes it; undefined if there is none that can be shown. */
export async function readRemote(root: string): Promise<string | undefined> {
  const url = await originOf(root);
  return url === undefined ? undefined : addressOf(url);
}

/** What git asks for `origin`: of several addresses the first, and what `insteadOf` puts in its place. Nobody is asked. */
async function originOf(root: string): Promise<string | undefined> {
  const url = (await git(["ls-remote", "--get-url", "origin"], { cwd: root })).replace(/\n$/, "");
  // Where there is no such remote, or none with an address, git says the name.
  return url === "" || url === "origin" ? undefined : url;
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
  const served = user === undefined ? undefined : servedByHttps(user, host, path);
  if (served !== undefined) {
    return served;
  }
  return `${scheme}://${user ? `${user}@` : ""}${authority}${path}`;
}

/** As git and scp write it: user@host:path. */
function addressOfScp(remote: string): string | undefined {
  const [, user = "", host = "", path = ""] = /^([^/:@]+)@([^/:@]{2,}):(?![/~])(.+)$/s.exec(remote) ?? [];
  return user === "" ? undefined : servedByHttps(user, host.toLowerCase(), `/${path}`);
}

/** The port on which Bitbucket Server is asked by ssh, unless it is told another. */
const BITBUCKET_SERVER = /:7999$/;

/** What is asked by ssh, as the same host serves it by https; undefined for one that need not. */
function servedByHttps(user: string, host: string, path: string): string | undefined {
  const name = host.replace(/:\d*$/, "");
  const [, organization, project, repository] =
    (AZURE_SSH.test(name) && /^\/v3\/([^/]+)\/([^/]+)\/([^/]+?)\/*$/.exec(path)) || [];
  if (organization !== undefined) {
    return `https://dev.azure.com/${organization}/${project}/_git/${repository}`;
  }
  if (user !== "git") {
    return undefined;
  }
  if (BITBUCKET_SERVER.test(host)) {
    return `https://${name}/scm${path}`;
  }
  return path.startsWith("/~") ? undefined : onHost("https", name, path);
}

/** Azure DevOps by ssh, whose user is git at the first, and the organization at the other. */
const AZURE_SSH = /^(?:ssh\.dev\.azure\.com|vs-ssh\.visualstudio\.com)$/;

/** The same by https: https://dev.azure.com/ORGANIZATION/PROJECT/_git/REPOSITORY, for which there are shorter ways to write. */
function azureAddress(host: string, path: string): string | undefined {
  const [, subdomain] = /^([^.]+)\.visualstudio\.com$/.exec(host) ?? [];
  const whole = subdomain === undefined ? path : `/${subdomain}${path.replace(/^\/DefaultCollection(?=\/)/i, "")}`;
  const [, organization, project, repository] = /^\/([^/]+)(?:\/([^/]+))?\/_git\/([^/]+?)\/*$/.exec(whole) ?? [];
  return (subdomain === undefined && host !== "dev.azure.com") || organization === undefined
    ? undefined
    : `https://dev.azure.com/${organization}/${project ?? repository}/_git/${repository}`;
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
  const azure = azureAddress(host, path);
  if (azure !== undefined) {
    return azure;
  }
  return forge ? `https://${forge}${path.replace(/(?:\.git)?\/*$/, "")}` : `${scheme}://${host}${path}`;
}
