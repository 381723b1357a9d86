/** The Google Cloud project that is meant where none is named. */

import * as pulumi from "@pulumi/pulumi";
import { projectOfCredentials, projectOfGcloud } from "./configured";
import { projectOfMachine } from "./metadataServer";

/** The variables that Pulumi's provider for Google Cloud reads, in its order. */
const VARIABLES = ["GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"];

/**
 * The Google Cloud project that is meant where none is named: the setting gcp:project, else that of the environment, of
 * the key that GOOGLE_APPLICATION_CREDENTIALS names, of gcloud's active configuration, or of the machine of Google's that
 * this is. Undefined if none of them says one. Throws InvalidArgument if what has to be read for that can't be.
 */
export async function findGoogleProject(): Promise<string | undefined> {
  const configured = new pulumi.Config("gcp").get("project");
  const said = configured || VARIABLES.map((name) => process.env[name]).find(Boolean);
  return said || (await projectOfCredentials()) || (await projectOfGcloud()) || (await projectOfMachine());
}

/** A project as image names have it: that of an organization's domain, example.com:shop, is written example.com/shop. */
export function projectInImageNames(project: string): string {
  return project.replace(":", "/");
}
