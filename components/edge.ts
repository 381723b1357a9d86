import * as pulumi from "@pulumi/pulumi";
import { VersionedImageError } from "./errors";

/** Runs work of a component and shows an error of ours as one diagnostic on it, with its code and no stack dump. */
export async function reportAt<T>(component: pulumi.Resource, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof VersionedImageError ? new pulumi.ResourceError(withCode(error), component, true) : error;
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

function withCode({ message, code }: VersionedImageError): string {
  return `${message} [${code}]`;
}
