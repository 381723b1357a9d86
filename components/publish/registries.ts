import { engineRun } from "../pulumi";
import { createRegistryClient, parseReference, type RegistryClient } from "../registry";

let shared: RegistryClient | undefined;

/** One session for all images that use the user's own credentials. */
export function ownRegistry(): RegistryClient {
  shared ??= createRegistryClient();
  return shared;
}

/** The images that this preview's update is to copy, by repository@digest: until then their sources have them alone. */
const sources = new Map<string, { run: unknown; source: string }>();

/** Says of an image, repository@digest, that it is to be copied from a source. */
export function willBeCopied(image: string, source: string): void {
  sources.set(image, { run: engineRun(), source });
}

/** The reference under which an image is to be found at the moment: in a preview, one that is to be copied is where it is copied from. */
export function whereItIs(reference: string): string {
  const { repository, digest } = parseReference(reference);
  const found = sources.get(`${repository}@${digest}`);
  return found && found.run === engineRun() ? found.source : reference;
}
