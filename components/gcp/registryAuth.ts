import * as pulumi from "@pulumi/pulumi";
import { GoogleAuth } from "google-auth-library";
import type { RegistryAuth } from "../args";
import { VersionedImageError } from "../errors";
import { reportInRun } from "../pulumi";

/**
 * Credentials for Artifact Registry and gcr.io that last an hour, for the registryAuth of an image: an access token from
 * Application Default Credentials (`gcloud auth application-default login`, an attached service account, workload
 * identity federation). It is fetched once in each run, kept as a secret, and a new one is no change of the image. `server`
 * is the registry's host; default: that of the image's repository. If there are no credentials the run ends with
 * CredentialsFailed.
 */
export function gcpRegistryAuth(server?: pulumi.Input<string>): RegistryAuth {
  token ??= reportInRun(accessToken);
  return { server, username: "oauth2accesstoken", password: pulumi.secret(token) };
}

/** One for all images of a run. */
let token: Promise<string> | undefined;

async function accessToken(): Promise<string> {
  // A token is for no project, but if none is named the library looks for one, over the network and with rights to do so.
  const auth = new GoogleAuth({ scopes: "https://www.googleapis.com/auth/cloud-platform", projectId: "none" });
  const value = await auth.getAccessToken().catch((error) => {
    throw refused(error instanceof Error ? error.message : String(error), error);
  });
  if (!value) {
    throw refused("it answered without one");
  }
  return value;
}

function refused(why: string, cause?: unknown): VersionedImageError {
  return new VersionedImageError(
    "CredentialsFailed",
    `Google Cloud gives no access token: ${why}\nRun \`gcloud auth application-default login\`; in CI, set up workload ` +
      "identity federation and let GOOGLE_APPLICATION_CREDENTIALS name its configuration file.",
    { cause },
  );
}
