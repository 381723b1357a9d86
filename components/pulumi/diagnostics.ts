import * as pulumi from "@pulumi/pulumi";
import { VersionedImageError } from "../errors";

/**
 * Runs work of a component and shows an error of ours as one diagnostic on it, with its code and no stack dump. After any
 * error the update deletes nothing.
 */
export function reportAt<T>(component: pulumi.Resource, work: () => Promise<T>): Promise<T> {
  return reportAs((ours) => diagnostic(ours, component), work);
}

/** The same for what a constructor checks at once. */
export function checkAt<T>(component: pulumi.Resource, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw inForm((ours) => diagnostic(ours, component), error);
  }
}

/** The same for work that belongs to no one resource. */
export function reportInRun<T>(work: () => Promise<T>): Promise<T> {
  return reportAs((ours) => withoutStack(new pulumi.RunError(withCode(ours))), work);
}

/**
 * Runs work of a resource hook. The engine shows what a hook throws on the resource and in words of its own, so an error of ours
 * is shown on the component, and the resource only says where to look.
 */
export async function reportInHook<T>(component: pulumi.Resource, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    withholdShutdown();
    if (!(error instanceof VersionedImageError)) {
      throw error;
    }
    await pulumi.log.error(withCode(error), component);
    throw new Error(`see the error of its component [${error.code}]`, { cause: error });
  }
}

type Form = (error: VersionedImageError) => Error;

async function reportAs<T>(form: Form, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    withholdShutdown();
    throw inForm(form, error);
  }
}

/** An error of ours in the form that Pulumi shows well; any other is a fault, and keeps its stack. */
function inForm(form: Form, error: unknown): unknown {
  return error instanceof VersionedImageError ? form(error) : error;
}

function diagnostic(error: VersionedImageError, component: pulumi.Resource): pulumi.ResourceError {
  const message = withCode(error);
  const shown = new pulumi.ResourceError(message, component, true);
  // The SDK would write the name of whichever property waits for it before the message of this one error.
  Object.defineProperty(shown, "message", { get: () => message, set: () => {} });
  return withoutStack(shown, `${nameOf(component)}: `);
}

/**
 * When the program's own code has ended before the error, the SDK shows the stack, even of what asks to hide it, and on no resource: `of` then says
 * whose error it is.
 */
function withoutStack<T extends Error>(shown: T, of = ""): T {
  shown.stack = `${of}${shown.message}`;
  return shown;
}

/** The SDK has it on every resource but not in its types; the URN may never be known. */
function nameOf(resource: pulumi.Resource): string | undefined {
  return (resource as { __name?: string }).__name;
}

function withCode({ message, code }: VersionedImageError): string {
  return `${message} [${code}]`;
}

/**
 * Keeps the engine from taking a program in which something failed for one that ended well. An inline program of the
 * Automation API signals its end before it looks whether errors were left, and the engine then deletes all that was not
 * declared because of them: the Deployment of an image that could not be published. Without the signal it deletes nothing.
 */
export function withholdShutdown(): void {
  const monitor = pulumi.runtime.getMonitor() as Partial<Signalled> | undefined;
  if (monitor?.signalAndWaitForShutdown) {
    monitor.signalAndWaitForShutdown = (_request, callback) => callback(null);
  }
}

interface Signalled {
  signalAndWaitForShutdown(request: unknown, callback: (error: null) => void): void;
}
