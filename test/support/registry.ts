import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRegistryClient } from "../../components/registry";
import { isScratchTag } from "../../components/version";

function setting(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run the engine tests by npm test -- engine`);
  return value;
}

let count = 0;

/** The real registry that the engine tests publish to. */
export const registry = {
  get host(): string {
    return setting("VERSIONED_IMAGE_TEST_REGISTRY");
  },

  /** A repository that no other test uses. */
  repository(name: string): string {
    return `${registry.host}/${name}-${process.pid}-${++count}`;
  },

  async digest(spec: string): Promise<string | undefined> {
    const colon = spec.lastIndexOf(":");
    return (await createRegistryClient().resolve(spec.slice(0, colon), spec.slice(colon + 1)))?.digest;
  },

  /** The tags that people use. */
  async tags(repository: string): Promise<string[]> {
    return (await createRegistryClient().tags(repository)).filter((tag) => !isScratchTag(tag)).sort();
  },

  async labels(spec: string): Promise<Record<string, string>> {
    const repository = spec.slice(0, spec.lastIndexOf(":"));
    const digest = await registry.digest(spec);
    assert.ok(digest, `${spec} is not in the registry`);
    return (await createRegistryClient().inspect(repository, digest, "linux/amd64")).labels;
  },

  /** How often something was pushed under a tag, from the registry's own log. */
  pushes(spec: string): number {
    const colon = spec.lastIndexOf(":");
    const path = `/v2/${spec.slice(spec.indexOf("/") + 1, colon)}/manifests/${spec.slice(colon + 1)}`;
    return requests().filter((line) => line.includes(`"PUT ${path} `) && line.includes(" 201 ")).length;
  },

  /** How many manifests were pushed to a repository under tags that people use. */
  pushesTo(repository: string): number {
    const path = `/v2/${repository.slice(repository.indexOf("/") + 1)}/manifests/`;
    const others = [`${path}scratch-`, `${path}sha256`];
    return requests().filter((line) => line.includes(`"PUT ${path}`) && !others.some((other) => line.includes(other)))
      .length;
  },

  /** How often content was pushed to a repository before it got its tag. */
  contentsPushedTo(repository: string): number {
    const path = `/v2/${repository.slice(repository.indexOf("/") + 1)}/manifests/scratch-`;
    return requests().filter((line) => line.includes(`"PUT ${path}`) && line.includes(" 201 ")).length;
  },

  /** All that was asked of a repository, for instance "HEAD manifests/88d38d9". */
  requestsTo(repository: string): string[] {
    const path = `/v2/${repository.slice(repository.indexOf("/") + 1)}/`;
    return requests().flatMap((line) => {
      const [, method, what] = /"([A-Z]+) (\/v2\/\S+) HTTP/.exec(line) ?? [];
      return method && what?.startsWith(path) ? [`${method} ${what.slice(path.length)}`] : [];
    });
  },
};

function requests(): string[] {
  const file = setting("VERSIONED_IMAGE_TEST_REGISTRY_LOG");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
}

/** What a container of an image prints. Its program is run once, without a network. */
export function outputOf(reference: string): string {
  return execFileSync("docker", ["run", "--rm", "--network", "none", "--env", "ONCE=true", reference], {
    encoding: "utf8",
  });
}
