import { invalidArgument, type VersionedImageError } from "../errors";
import { isDigest } from "./descriptor";

/** A repository of a registry, such as gcr.io/project/simple. */
export interface Repository {
  /** host/name. */
  repository: string;
  /** The registry's host, with its port if it has one. */
  host: string;
  /** The name within the registry. */
  name: string;
}

/** A reference to an image. */
export interface Reference extends Repository {
  tag: string | undefined;
  digest: string | undefined;
}

// The grammar of the distribution specification.
const HOST_COMPONENT = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const HOST = new RegExp(`^(?:${HOST_COMPONENT}(?:\\.${HOST_COMPONENT})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?$`);
const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const NAME = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const LONGEST_NAME = 255;

/** Whether a value is a tag. */
export function isTag(value: unknown): value is string {
  return typeof value === "string" && TAG.test(value);
}

/** Reads host/name:tag@digest; tag and digest may be left out. Throws InvalidArgument for anything else. */
export function parseReference(text: string): Reference {
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const tagged = at < 0 ? text : text.slice(0, at);
  const colon = tagged.indexOf(":", tagged.lastIndexOf("/") + 1);
  const hasTag = colon >= 0 && tagged.includes("/");
  const tag = hasTag ? tagged.slice(colon + 1) : undefined;
  const repository = hasTag ? tagged.slice(0, colon) : tagged;
  if (tag !== undefined && !isTag(tag)) {
    throw invalid(text, `${JSON.stringify(tag)} is not a tag (letters, digits, _, . and -, 128 at most)`);
  }
  if (digest !== undefined && !isDigest(digest)) {
    throw invalid(text, `${JSON.stringify(digest)} is not a digest (sha256: and 64 lower-case hexadecimal digits)`);
  }
  return { ...splitRepository(repository, text), tag, digest };
}

/** Reads host/name. Throws InvalidArgument for anything else, such as one with a tag. */
export function parseRepository(text: string): Repository {
  const { tag, digest, ...repository } = parseReference(text);
  if (tag !== undefined || digest !== undefined) {
    throw invalid(text, "it has a tag or digest, but the version sets them: remove it");
  }
  return repository;
}

function splitRepository(repository: string, text: string): Repository {
  const slash = repository.indexOf("/");
  const host = repository.slice(0, Math.max(slash, 0));
  const name = repository.slice(slash + 1);
  // As Docker tells a host from the first part of a name.
  if (slash < 0 || !(host.includes(".") || host.includes(":") || host === "localhost")) {
    throw invalid(
      text,
      `it has no registry host: add one in front, for instance docker.io/library/${name || "name"} for Docker Hub`,
    );
  }
  // Beyond its form, a port has a largest number and a numeric address four parts.
  if (!HOST.test(host) || !URL.canParse(`https://${host}`)) {
    throw invalid(text, `${JSON.stringify(host)} is not a registry host`);
  }
  if (!NAME.test(name) || repository.length > LONGEST_NAME) {
    throw invalid(
      text,
      `${JSON.stringify(name)} is not a name for a repository (lower-case letters and digits, with single . _ or - between ` +
        `them, parts separated by /, ${LONGEST_NAME} characters at most)`,
    );
  }
  return { repository, host, name };
}

function invalid(text: string, why: string): VersionedImageError {
  return invalidArgument(`${JSON.stringify(text)} does not name an image in a registry: ${why}.`);
}
