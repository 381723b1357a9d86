import { protocol } from "./failure";
import { isLoopback, mayBePlain } from "./hosts";

/** Where a redirect leads. Throws RegistryProtocol if it leads from TLS to plain HTTP, or to where that may not be spoken. */
export function redirectTarget(from: URL, location: string, env: NodeJS.ProcessEnv): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  if (!to || to.username || to.password) {
    throw protocol(from.href, "it redirects to an invalid address");
  }
  const plain =
    to.protocol === "http:" && (isLoopback(to.host) || (from.protocol === "http:" && mayBePlain(to.host, env)));
  if (to.protocol !== "https:" && !plain) {
    throw protocol(from.href, `it redirects to ${to.protocol}//${to.host}, which is not encrypted`);
  }
  return to;
}
