import { Provider } from "@pulumi/gcp/provider";
import * as pulumi from "@pulumi/pulumi";
import { invalidArgument } from "../errors";
import { findGoogleProject, projectInImageNames } from "../googleProject";
import { reportAt } from "../pulumi";

/** Where Artifact Registry keeps what is pushed to the older names. */
const GCR_LOCATIONS = new Map([
  ["gcr.io", "us"],
  ["us.gcr.io", "us"],
  ["eu.gcr.io", "europe"],
  ["asia.gcr.io", "asia"],
]);

/** The location of a repository. Throws InvalidArgument where it isn't said, or contradicts the host. */
export function locationOf({ location, gcrHost }: { location?: string; gcrHost?: string }): string {
  if (gcrHost === undefined) {
    if (!location) {
      throw invalidArgument("location is missing. Set it to a region such as europe-west1, or to us, europe or asia.");
    }
    return location;
  }
  const fixed = GCR_LOCATIONS.get(gcrHost);
  if (!fixed) {
    throw invalidArgument(`gcrHost is ${JSON.stringify(gcrHost)}. Use one of ${[...GCR_LOCATIONS.keys()].join(", ")}.`);
  }
  if (location !== undefined && location !== fixed) {
    throw invalidArgument(`location is ${location}, but ${gcrHost} is in ${fixed}. Leave location out.`);
  }
  return fixed;
}

interface Place {
  project: string;
  location: string;
  repositoryId: string;
  gcrHost?: string;
}

/** What the names of a repository's images begin with. */
export function prefixOf({ project, location, repositoryId, gcrHost }: Place): string {
  const owner = projectInImageNames(project);
  return gcrHost ? `${gcrHost}/${owner}` : `${location}-docker.pkg.dev/${owner}/${repositoryId}`;
}

/** A resource of this package: its provider is that of all of them. */
const ANY = "gcp:artifactregistry/repository:Repository";

/**
 * The project that a component's resources are in where none is named: that of its own provider, else the one that is
 * meant everywhere. If there is none the component fails with InvalidArgument.
 */
export function projectFor(component: pulumi.ComponentResource): pulumi.Output<string> {
  const provider = component.getProvider(ANY);
  const own = Provider.isInstance(provider) ? provider.project : undefined;
  return pulumi.output(own).apply(async (project) => project || reportAt(component, meant));
}

async function meant(): Promise<string> {
  const project = await findGoogleProject();
  if (!project) {
    throw invalidArgument(
      "No Google Cloud project is set. Run `pulumi config set gcp:project PROJECT`, or `gcloud config set project " +
        "PROJECT`, or set the project argument.",
    );
  }
  return project;
}
