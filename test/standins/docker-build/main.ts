/**
 * Stands in for the provider of @pulumi/docker-build where the real one can't be had, with the same BuildKit. It copies what matters for
 * publishing: any difference of inputs, and any of the files that are there when it is asked, is an update in place that builds again.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { type Provider, serve } from "../plugin";
import { hasUnknowns, type Properties, secret, UNKNOWN } from "../properties";
import { providerVersion } from "../versions";
import { build } from "./build";
import { contextHash } from "./contextHash";
import type { Image } from "./image";

/** What is no reason to build again. */
const NO_REASON = ["registries", "secrets", "ignoreSecretsInDiffCalculation"];

function check(inputs: Properties): Properties {
  const { context, dockerfile, exports } = inputs as Image;
  const location = context?.location;
  if (location !== undefined && location !== UNKNOWN) {
    if (!existsSync(location) || !statSync(location).isDirectory()) {
      throw new Error(`context.location: ${JSON.stringify(location)}: not a valid directory or URL`);
    }
    const file = dockerfile?.location;
    if (file !== undefined && file !== UNKNOWN && !/^\s*[a-z]/im.test(readFileSync(file, "utf8"))) {
      throw new Error("dockerfile: file with no instructions");
    }
  }
  return {
    ...DEFAULTS,
    ...inputs,
    ...(dockerfile && { dockerfile: { inline: "", ...dockerfile } }),
    ...(exports && { exports: exports.map((each) => ({ disabled: false, ...each })) }),
  };
}

/** What the real one adds to the inputs, so that the state of one is unchanged to the other. */
const DEFAULTS = { exec: false, load: false, noCache: false, pull: false, target: "" };

function diff(olds: Properties, news: Properties) {
  const names = Object.keys(news).concat(Object.keys(olds).filter((name) => !OUTPUTS.includes(name)));
  const changed = [...new Set(names)].filter(
    (name) => !NO_REASON.includes(name) && !isDeepStrictEqual(olds[name], news[name]),
  );
  const ignored = news.ignoreSecretsInDiffCalculation as string[] | undefined;
  const secretsOf = ({ secrets }: Properties) =>
    Object.entries((secrets ?? {}) as Record<string, string>).filter(([id]) => !ignored?.includes(id));
  if (!isDeepStrictEqual(secretsOf(olds), secretsOf(news))) {
    changed.push("secrets");
  }
  if (!hasUnknowns(news.context) && contextHash(news as Image) !== olds.contextHash) {
    changed.push("contextHash");
  }
  return { kinds: Object.fromEntries(changed.map((name) => [name, "UPDATE" as const])) };
}

const OUTPUTS = ["contextHash", "digest", "ref"];

async function publish(inputs: Properties, preview: boolean): Promise<Properties> {
  const marked = inputs.secrets === undefined ? inputs : { ...inputs, secrets: secret(inputs.secrets) };
  if (preview) {
    return { ...marked, contextHash: UNKNOWN, digest: UNKNOWN, ref: UNKNOWN };
  }
  const image = inputs as Image;
  const hash = contextHash(image);
  return { ...marked, contextHash: hash, digest: await build(image), ref: "" };
}

const provider: Provider = {
  version: providerVersion("docker-build"),
  configure: async () => {},
  check: async (_urn, _olds, news) => check(news),
  diff: (_id, olds, news) => diff(olds, news),
  async create(inputs, preview) {
    const outputs = await publish(inputs, preview);
    return { id: preview ? "" : (outputs.digest as string), outputs };
  },
  update: (_olds, news, preview) => publish(news, preview),
  // What the real one deletes are tags, and none is pushed by digest.
  delete: async () => {},
};

void serve(provider);
