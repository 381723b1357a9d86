import { fieldsOf, type RegistryClient } from "../../components/registry";
import type { BaseImage } from "./predicate";

type Fields = Record<string, unknown>;

/**
 * The images that an image was built from, as BuildKit says in the provenance that it puts beside an image into its index;
 * undefined if it says nothing. Throws what the registry client throws.
 */
export async function imagesOfBuildKit(
  client: RegistryClient,
  repository: string,
  digest: string,
  platform: string,
): Promise<BaseImage[] | undefined> {
  const index = await jsonManifest(client, repository, digest);
  const entries = list(index.manifests);
  const image = entries.find((entry) => platformOf(entry) === platform)?.digest;
  const beside = entries.find(({ annotations }) => {
    const notes = fieldsOf(annotations);
    return (
      image !== undefined &&
      notes["vnd.docker.reference.type"] === "attestation-manifest" &&
      notes["vnd.docker.reference.digest"] === image
    );
  });
  if (typeof beside?.digest !== "string") {
    return undefined;
  }
  const attestation = await jsonManifest(client, repository, beside.digest);
  const layer = list(attestation.layers).find(({ annotations }) =>
    String(fieldsOf(annotations)["in-toto.io/predicate-type"]).startsWith("https://slsa.dev/provenance/"),
  );
  if (typeof layer?.digest !== "string") {
    return undefined;
  }
  const blob = await client.blob(repository, layer.digest);
  const { predicate } = json(blob?.toString() ?? "");
  return typeof predicate === "object" && predicate !== null ? materialsIn(predicate) : undefined;
}

/** The images among the materials of SLSA's provenance, version 0.2 or 1. */
export function materialsIn(predicate: unknown): BaseImage[] {
  const { materials, buildDefinition } = fieldsOf(predicate);
  const found = Array.isArray(materials) ? materials : fieldsOf(buildDefinition).resolvedDependencies;
  return list(found).flatMap(({ uri, digest }) => {
    const { sha256 } = fieldsOf(digest);
    return typeof uri === "string" && uri.startsWith("pkg:docker/")
      ? [{ uri, sha256: typeof sha256 === "string" ? sha256 : undefined }]
      : [];
  });
}

async function jsonManifest(client: RegistryClient, repository: string, digest: string): Promise<Fields> {
  const found = await client.manifest(repository, digest);
  return found ? json(found.bytes.toString()) : {};
}

function platformOf({ platform }: Fields): string {
  const { os, architecture, variant } = fieldsOf(platform);
  return [os, architecture, variant].filter((part) => typeof part === "string" && part !== "").join("/");
}

function json(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    // What is no JSON says nothing of base images.
    return {};
  }
}

function list(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}
