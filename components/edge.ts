import * as pulumi from "@pulumi/pulumi";
import { VersionedImageError } from "./errors";

/** Runs work of a component and shows an error of ours as one diagnostic on it, with its code and no stack dump. */
export async function reportAt<T>(component: pulumi.Resource, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof VersionedImageError ? diagnostic(error, component) : error;
  }
}

/** Runs work of a resource hook: the engine shows the message of whatever it throws on the resource. */
export async function reportInHook<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof VersionedImageError ? new Error(withCode(error), { cause: error }) : error;
  }
}

function diagnostic(error: VersionedImageError, component: pulumi.Resource): pulumi.ResourceError {
  const message = withCode(error);
  const shown = new pulumi.ResourceError(message, component, true);
  // The SDK would write the name of whichever property waits for it before the message of this one error.
  Object.defineProperty(shown, "message", { get: () => message, set: () => {} });
  return shown;
}

function withCode({ message, code }: VersionedImageError): string {
  return `${message} [${code}]`;
}
