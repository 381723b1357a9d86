/** Stands in for Kubernetes' provider where the real one can't be had: writes manifests, or applies to a real API server. */
import { createHash } from "node:crypto";
import type { KubernetesObject } from "@kubernetes/client-node";
import { changedProperties } from "../diff";
import { type Properties, type Provider, serve } from "../plugin";
import { providerVersion } from "../versions";
import { apply, connect, read, remove } from "./cluster";
import { removeManifest, writeManifest } from "./manifest";

type Named = KubernetesObject & { metadata: { name: string; namespace?: string } };

let manifests: string | undefined;
let kubeconfig: string | undefined;
let context: string | undefined;

/** The namespace that objects are in if they name none. */
const DEFAULT_NAMESPACE = "default";

async function configure(variables: Record<string, string>): Promise<void> {
  const setting = (name: string) => variables[`kubernetes:config:${name}`];
  manifests = setting("renderYamlToDirectory");
  kubeconfig = setting("kubeconfig");
  context = setting("context");
}

async function publish(inputs: Properties, preview: boolean): Promise<Properties> {
  const object = withNamespace(inputs);
  if (preview) {
    return { ...object, __inputs: inputs };
  }
  if (manifests !== undefined) {
    writeManifest(manifests, object);
    return { ...object, __inputs: inputs };
  }
  return { ...(await apply(connect(kubeconfig, context), object)), __inputs: inputs };
}

function withNamespace(inputs: Properties): Named {
  const { __inputs: _, ...object } = inputs;
  const metadata = (object.metadata ?? {}) as Named["metadata"];
  return { ...object, metadata: { namespace: DEFAULT_NAMESPACE, ...metadata } };
}

function idOf(object: Named): string {
  return `${object.metadata.namespace ?? DEFAULT_NAMESPACE}/${object.metadata.name}`;
}

const provider: Provider = {
  version: providerVersion("kubernetes"),
  configure,
  check: async (urn, inputs) => {
    const metadata = (inputs.metadata ?? {}) as { name?: string; annotations?: object };
    if (metadata.name) {
      return inputs;
    }
    // The real provider adds random digits to the resource's name; these are the same in each run.
    const name = `${urn.slice(urn.lastIndexOf("::") + 2)}-${createHash("sha256").update(urn).digest("hex").slice(0, 8)}`;
    const annotations = { ...metadata.annotations, "pulumi.com/autonamed": "true" };
    return { ...inputs, metadata: { ...metadata, name, annotations } };
  },
  diff: (id, olds, news) => {
    const changed = changedProperties((olds.__inputs ?? {}) as Properties, news);
    return { changed, replace: idOf(withNamespace(news)) === id ? [] : ["metadata"] };
  },
  create: async (_, inputs, preview) => ({
    id: idOf(withNamespace(inputs)),
    outputs: await publish(inputs, preview),
  }),
  update: async (_id, _urn, _olds, inputs, preview) => publish(inputs, preview),
  read: async (_, properties) => {
    if (manifests !== undefined) {
      return properties;
    }
    const found = await read(connect(kubeconfig, context), withNamespace(properties));
    return found && { ...found, __inputs: properties.__inputs };
  },
  delete: async (_, properties) => {
    const object = withNamespace(properties);
    if (manifests !== undefined) {
      removeManifest(manifests, object);
    } else {
      await remove(connect(kubeconfig, context), object);
    }
  },
};

void serve(provider);
