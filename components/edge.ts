import * as pulumi from "@pulumi/pulumi";
import { VersionedImageError } from "./errors";

/** Runs work of a component and shows an error of ours as one diagnostic on it, with its code and no stack dump. */
export async function reportAt<T>(component: pulumi.Resource, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof VersionedImageError) {
      throw new pulumi.ResourceError(`${error.message} [${error.code}]`, component, true);
    }
    throw error;
  }
}
