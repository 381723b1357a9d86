import type { RegistryPort } from "./ports";
import type { Target } from "./target";

/** The repository that a version is published to. */
export function registryPort({ registry, repository }: Omit<Target, "spec">): RegistryPort {
  return {
    look: (reference) => registry.resolve(repository, reference),
    read: (reference) => registry.manifest(repository, reference),
    label: (digest, labels) => registry.label(repository, digest, labels),
    inOneTurn: (work) => registry.inOneTurn(repository, work),
    move: (tag, content) => registry.tag(repository, tag, content),
  };
}
