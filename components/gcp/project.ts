import * as pulumi from "@pulumi/pulumi";
import { GoogleAuth } from "google-auth-library";
import { VersionedImageError } from "../errors";

/**
 * The Google Cloud project to use: the configured gcp:project, else that of the environment (GOOGLE_CLOUD_PROJECT), the
 * credentials, or `gcloud config get project`. Throws InvalidArgument if none of these says one.
 */
export async function defaultProject(): Promise<string> {
  const configured = new pulumi.Config("gcp").get("project");
  if (configured) {
    return configured;
  }
  try {
    return await new GoogleAuth().getProjectId();
  } catch (error) {
    throw new VersionedImageError(
      "InvalidArgument",
      "There is no Google Cloud project: run `pulumi config set gcp:project PROJECT`, or `gcloud config set project PROJECT`, " +
        `or set the project argument. (${error instanceof Error ? error.message : error})`,
      { cause: error },
    );
  }
}
