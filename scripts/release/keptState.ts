interface Resource {
  urn: string;
  type: string;
  parent?: string;
  provider?: string;
  dependencies?: string[];
  inputs?: unknown;
  outputs?: unknown;
  [field: string]: unknown;
}

interface Exported {
  deployment: {
    manifest: { time: string; [field: string]: unknown };
    resources: Resource[];
  };
}

/**
 * A state that `pulumi stack export --show-secrets` printed, without what is of one machine or one moment: paths of source, times, random
 * names and the order in which resources were made.
 */
export function withoutOneMachine(exported: string): string {
  const { deployment, ...rest } = JSON.parse(exported) as Exported;
  const { manifest, resources, ...more } = deployment;
  const kept = inOrder(resources).map(({ created, modified, sourcePosition, stackTrace, ...resource }) => resource);
  const state = { ...rest, deployment: { ...more, manifest: { ...manifest, time: LONG_AGO }, resources: kept } };
  return withoutRandomNames(`${JSON.stringify(state, undefined, 2)}\n`);
}

const LONG_AGO = "2024-01-01T00:00:00Z";

/** Each after what it needs, and those that need as much by their names. */
function inOrder(resources: Resource[]): Resource[] {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const depth = (urn: string | undefined): number => {
    const { parent, provider, dependencies = [] } = (urn && byUrn.get(urn)) || {};
    const needed = [parent, provider?.replace(/::[^:]*$/, ""), ...dependencies].filter((each) => each !== undefined);
    return Math.max(-1, ...needed.map(depth)) + 1;
  };
  return resources
    .map((resource) => ({ resource, key: depth(resource.urn) }))
    .sort((one, other) => one.key - other.key || (one.resource.urn < other.resource.urn ? -1 : 1))
    .map(({ resource }) => resource);
}

/** Each UUID becomes a number, in their order. */
function withoutRandomNames(text: string): string {
  const found = new Map<string, string>();
  return text.replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (uuid) => {
    const name = found.get(uuid) ?? `00000000-0000-4000-8000-${String(found.size + 1).padStart(12, "0")}`;
    found.set(uuid, name);
    return name;
  });
}

/**
 * What the package itself has written in a kept state: which resources, how they depend on each other, and what the records and outputs say.
 * Properties of builds are their providers', and digests are of one build; places are of one clone.
 */
export function ownPart(state: string): unknown {
  const { deployment } = JSON.parse(
    state.replace(/sha256:[0-9a-f]{64}/g, "DIGEST").replace(/("place": )"[0-9a-f]{16}"/g, '$1"PLACE"'),
  ) as Exported;
  return deployment.resources
    .filter(({ type }) => !type.startsWith("pulumi:providers:"))
    .map(({ id, inputs, outputs, provider, propertyDependencies, ...resource }) =>
      /^docker(-build)?:/.test(resource.type) ? resource : { ...resource, inputs, outputs },
    );
}
