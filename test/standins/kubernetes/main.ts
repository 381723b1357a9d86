/** Stands in for Kubernetes' provider where the real one can't be had: writes manifests, or applies to a real API server. */
import type { KubeConfig } from "@kubernetes/client-node";
import { deepDifferences, type Kind } from "../diff";
import { type Difference, type Provider, serve } from "../plugin";
import type { Properties } from "../properties";
import { providerVersion } from "../versions";
import { apply, loadConfig, reachable, read, remove } from "./cluster";
import { removeManifest, writeManifest } from "./manifest";
import { idOf, type Manifest, named } from "./object";

/** Where manifests are written to in place of a cluster, if they are. */
let directory: string | undefined;
let config: KubeConfig | undefined;

/** What can't be changed in an object: it is made anew. The selector of a Service can. */
const REPLACING = /^(metadata\.(name|namespace)$|spec\.selector\b)/;
const REPLACING_SERVICE = /^metadata\.(name|namespace)$/;

function diff(olds: Properties, news: Manifest): Difference {
  const old = olds.__inputs as Manifest;
  const replacing = news.kind === "Service" ? REPLACING_SERVICE : REPLACING;
  const differing = Object.entries(deepDifferences(withNamespace(old), withNamespace(news)));
  const kinds = differing.map(([at, kind]) => [at, replacing.test(at) ? (`${kind}_REPLACE` as Kind) : kind]);
  const isReplaced = differing.some(([at]) => replacing.test(at));
  // Two objects of one name can't be in a cluster together; without a cluster no namespace is known.
  const isSame = old.metadata.namespace !== undefined && idOf(old) === idOf(news);
  return { kinds: Object.fromEntries(kinds), deleteBeforeReplace: isReplaced && isSame };
}

/** A namespace that is left out is the default one. */
function withNamespace(object: Manifest): Manifest {
  return { ...object, metadata: { namespace: "default", ...object.metadata } };
}

async function publish(inputs: Manifest, preview: boolean): Promise<Properties> {
  if (preview) {
    return inputs;
  }
  if (directory !== undefined) {
    writeManifest(directory, inputs);
    return { ...inputs, __inputs: inputs };
  }
  return { ...(await apply(await reachable(config), inputs)), __inputs: inputs };
}

const provider: Provider = {
  version: providerVersion("kubernetes"),
  async configure(variables) {
    directory = variables["kubernetes:config:renderYamlToDirectory"] || undefined;
    config = loadConfig(variables["kubernetes:config:kubeconfig"], variables["kubernetes:config:context"]);
  },
  async check(urn, olds, news) {
    const namespace = config && (config.getContextObject(config.getCurrentContext())?.namespace ?? "default");
    return named(urn, olds, news, namespace);
  },
  diff: (_id, olds, news) => diff(olds, news as Manifest),
  async create(inputs, preview) {
    const outputs = await publish(inputs as Manifest, preview);
    return { id: preview ? "" : idOf(inputs as Manifest), outputs };
  },
  update: (_olds, news, preview) => publish(news as Manifest, preview),
  async read(properties) {
    const cluster = await reachable(config);
    const found = directory === undefined ? await read(cluster, properties as Manifest) : properties;
    return found && { ...found, __inputs: properties.__inputs };
  },
  async delete(properties) {
    if (directory !== undefined) {
      removeManifest(directory, properties as Manifest);
    } else {
      await remove(await reachable(config), properties as Manifest);
    }
  },
};

void serve(provider);
