import type { Answer } from "./request";

const LONGEST = 500;

/**
 * What a registry says of an error, in its own words, with the secrets that it was sent blotted out: some servers repeat
 * what they were asked.
 */
export function wordsIn(status: number, body: string, secrets: string[]): string {
  const hidden = spokenIn(body).map((text) =>
    secrets.reduce((rest, secret) => rest.replaceAll(secret, "[hidden]"), text),
  );
  const words = hidden
    .map((text) => (isMarkup(body) ? text.replace(/<[^<>]*>/g, " ") : text))
    .join("; ")
    // Control characters could write over what the terminal shows.
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim();
  return words.slice(0, LONGEST) || `status ${status}, without a message`;
}

/** The codes of the distribution specification's errors. */
export function codesIn(body: string): string[] {
  return errorsIn(fieldsIn(body)).flatMap(({ code }) => (isText(code) ? code : []));
}

/** The messages of the distribution specification's errors, or those of a token service, or all of the text. */
function spokenIn(body: string): string[] {
  const fields = fieldsIn(body);
  const { error_description, message, details } = fields;
  const spoken = errorsIn(fields).map(({ code, message: words }) => [code, words].filter(isText).join(": "));
  const found = [spoken.filter(isText), [error_description, message, details].filter(isText).slice(0, 1)];
  return found.find((words) => words.length > 0) ?? [body];
}

/** What a body of JSON says; nothing of any other. */
function fieldsIn(body: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(body));
  } catch {
    return {};
  }
}

function errorsIn({ errors }: Record<string, unknown>): Record<string, unknown>[] {
  return Array.isArray(errors) ? errors.map(Object) : [];
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isMarkup(body: string): boolean {
  return body.trimStart().startsWith("<");
}

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
