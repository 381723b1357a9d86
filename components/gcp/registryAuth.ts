import * as pulumi from "@pulumi/pulumi";
import { GoogleAuth } from "google-auth-library";
import type { RegistryAuth } from "../args";
import { VersionedImageError } from "../errors";
import { reportInRun } from "../pulumi";

/**
 * Credentials for Artifact Registry and gcr.io that last an hour, for the registryAuth of an image: an access token from
 * Application Default Credentials (`gcloud auth application-default login`, an attached service account, workload
 * identity federation). All images of a run share one token, and so do later runs of the same process until half an hour before it expires.
 * It is a Pulumi secret, and a new token does not change the image. `server` is the registry's host; default: that of the image's
 * repository. Without credentials the run fails with CredentialsFailed.
 */
export function gcpRegistryAuth(server?: pulumi.Input<string>): RegistryAuth {
  const token = reportInRun(() => {
    asked ??= accessToken().finally(() => {
      asked = undefined;
    });
    return asked;
  });
  return { server, username: "oauth2accesstoken", password: pulumi.secret(token) };
}

/** What all who ask at the same time wait for. */
let asked: Promise<string> | undefined;

/** Keeps its token for as long as it is valid; after a failure there is another one, since the user may have logged in meanwhile. */
let auth: GoogleAuth | undefined;

/** How long a token must be valid at the least, in milliseconds: it is used until the end of the update. */
const ENOUGH = 30 * 60 * 1000;

async function accessToken(): Promise<string> {
  auth ??= new GoogleAuth({
    scopes: "https://www.googleapis.com/auth/cloud-platform",
    // A token is for no project, but if none is named the library looks for one, over the network and with rights to do so.
    projectId: "none",
    clientOptions: { eagerRefreshThresholdMillis: ENOUGH },
  });
  try {
    const value = await auth.getAccessToken();
    if (!value) {
      throw new Error("the answer has none");
    }
    return value;
  } catch (error) {
    auth = undefined;
    throw refused(error instanceof Error ? error.message : String(error), error);
  }
}

function refused(why: string, cause: unknown): VersionedImageError {
  return new VersionedImageError(
    "CredentialsFailed",
    `Google Cloud returned no access token: ${why}\nRun \`gcloud auth application-default login\`; in CI, set up workload ` +
      "identity federation and set GOOGLE_APPLICATION_CREDENTIALS to its configuration file.",
    { cause },
  );
}
