import { Provider } from "@pulumi/gcp/provider";
import * as pulumi from "@pulumi/pulumi";
import { invalidArgument } from "../errors";
import { findGoogleProject } from "../googleProject";
import { reportAt } from "../pulumi";

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
      "There is no Google Cloud project: run `pulumi config set gcp:project PROJECT`, or `gcloud config set project " +
        "PROJECT`, or set the project argument.",
    );
  }
  return project;
}
