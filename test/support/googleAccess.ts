/** What an access token allows: `create` is `write`, and to make the repository behind gcr.io by the first push. */
export type Right = "none" | "read" | "write" | "create";

export type Action = "pull" | "push";

export interface Refusal {
  status: number;
  code: string;
  message: string;
}

export interface Access {
  /** What each access token allows; any other has ended, or never was one. */
  rights: Map<string, Right>;
  /** The repositories that do not exist, as `projects/PROJECT/locations/LOCATION/repositories/REPOSITORY`. */
  missing: Set<string>;
}

/** How Artifact Registry refuses an access token, or a request without one, in its words; undefined if it does not. */
export function refusalOf(
  { rights, missing }: Access,
  token: string | undefined,
  host: string,
  name: string,
  action: Action,
): Refusal | undefined {
  const right = token === undefined ? "none" : rights.get(token);
  if (right === undefined) {
    return { status: 401, code: "UNAUTHORIZED", message: "authentication failed" };
  }
  const { id, resource } = placeOf(host, name);
  if (right === "none" || (right === "read" && action === "push")) {
    const permission = `"artifactregistry.repositories.${action === "push" ? "uploadArtifacts" : "downloadArtifacts"}"`;
    const where = `on resource "${resource}" (or it may not exist)`;
    return denied(
      token === undefined
        ? `Unauthenticated request. Unauthenticated requests do not have permission ${permission} ${where}`
        : `Permission ${permission} denied ${where}`,
    );
  }
  if (!missing.has(resource)) {
    return undefined;
  }
  if (action === "pull" || id !== "gcr.io") {
    return { status: 404, code: "NAME_UNKNOWN", message: `Repository "${id}" not found` };
  }
  if (right !== "create") {
    const needed = "the artifactregistry.repositories.createOnPush permission";
    return denied(`gcr.io repo does not exist. Creating on push requires ${needed}`);
  }
  missing.delete(resource);
  return undefined;
}

function denied(message: string): Refusal {
  return { status: 403, code: "DENIED", message };
}

/** The repository of Artifact Registry that an image's name lies in: behind gcr.io, there is one in a project. */
function placeOf(host: string, name: string): { id: string; resource: string } {
  const [project, second = ""] = name.split("/");
  const location = /^(.+)-docker\.pkg\.dev$/.exec(host)?.[1];
  const id = location === undefined ? "gcr.io" : second;
  return { id, resource: `projects/${project}/locations/${location ?? "us"}/repositories/${id}` };
}
