import * as pulumi from "@pulumi/pulumi";
import { VersionedImageError } from "./errors";

/** Runs work of a component and shows an error of ours as one diagnostic on it, with its code and no stack dump. */
export async function reportAt<T>(component: pulumi.Resource, work: () => Promise<T>): Promise<T> {
  return work().catch((error) => {
    throw shown(error, (ours) => diagnostic(ours, component));
  });
}

/** The same for what a constructor checks at once. */
export function checkAt<T>(component: pulumi.Resource, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw shown(error, (ours) => diagnostic(ours, component));
  }
}

/** The same for work that belongs to no one resource. */
export async function reportInRun<T>(work: () => Promise<T>): Promise<T> {
  return work().catch((error) => {
    throw shown(error, (ours) => new pulumi.RunError(withCode(ours)));
  });
}

/** Runs work of a resource hook: the engine shows the message of whatever it throws on the resource. */
export async function reportInHook<T>(work: () => Promise<T>): Promise<T> {
  return work().catch((error) => {
    throw shown(error, (ours) => new Error(withCode(ours), { cause: ours }));
  });
}

/** An error of ours in the form that Pulumi shows well; any other is a fault, and keeps its stack. */
function shown(error: unknown, form: (error: VersionedImageError) => Error): unknown {
  return error instanceof VersionedImageError ? form(error) : error;
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
