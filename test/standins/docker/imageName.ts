/** The name of an image, as the user gave it. */
export interface ImageName {
  host: string;
  /** Without the tag. */
  repository: string;
  tag: string;
}

const DOCKER_HUB = "docker.io";
const NAME = /^(?:[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[\w][\w.-]{0,127}$/;

/** Reads a name in full, as what is pushed must have. Throws if the host or Docker Hub's `library` is left out. */
export function parseImageName(text: string): ImageName {
  const [, repository = "", tag = "latest"] = /^(.*?)(?::([^:/]*))?$/s.exec(text) ?? [];
  const slash = repository.indexOf("/");
  const [host, path] = [repository.slice(0, Math.max(slash, 0)), repository.slice(slash + 1)];
  if (!NAME.test(path) || !TAG.test(tag)) {
    throw new Error(`${JSON.stringify(text)}: invalid reference format: give a name such as docker.io/owner/name:tag`);
  }
  const isHost = /[.:]/.test(host) || host === "localhost";
  if (!isHost || (host === DOCKER_HUB && !path.includes("/"))) {
    throw new Error(
      `${JSON.stringify(text)}: repository name must be canonical, with its registry's host: docker.io/owner/name:tag`,
    );
  }
  return { host, repository, tag };
}

/** The repository of any image name; a port is no tag. */
export function repositoryOf(text: string): string {
  return /^(.*?)(?::[^:/]*)?$/s.exec(text)?.[1] ?? text;
}
