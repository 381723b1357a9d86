import { codesIn } from "./errorMessage";
import type { Answer } from "./request";

/** Codes of the distribution specification by which a registry refuses, and does not say what there is. */
const REFUSING = ["DENIED", "UNAUTHORIZED", "TOOMANYREQUESTS", "UNSUPPORTED"];

/**
 * Whether a 404 is a registry's own: it has an error of the form that the distribution specification gives them, or the
 * header by which registries name their API. That of a proxy, a portal or a web server says nothing of what there is.
 */
export function isOwnAbsence({ status, headers, body }: Answer): boolean {
  const codes = codesIn(body.toString());
  const named = /^registry\//i.test(headers.get("docker-distribution-api-version") ?? "");
  return status === 404 && !codes.some((code) => REFUSING.includes(code)) && (named || codes.some(isCode));
}

/** Whether an answer refuses access, whatever its status is. */
export function deniesAccess({ body }: Answer): boolean {
  return codesIn(body.toString()).some((code) => code === "DENIED" || code === "UNAUTHORIZED");
}

/** Capital letters and underscores, as the specification has it. */
function isCode(code: string): boolean {
  return /^[A-Z][A-Z0-9_]*$/.test(code);
}
