import { unknownWithout } from "../pulumi";
import type { Publication, Subject } from "./subject";

/**
 * What is known of an image that the update leaves out and that this stack has never published: as of any resource that is not there, nothing.
 * The engine then refuses those that need it, and nobody else.
 */
export function neverPublished({ component, version }: Subject): Publication {
  return {
    spec: unknownWithout(component),
    digest: unknownWithout(component),
    outcome: version.debug ? "debug" : unknownWithout(component),
  };
}
