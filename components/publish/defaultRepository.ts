import * as path from "node:path";
import { VersionedImageError } from "../errors";
import { findGoogleProject, projectInImageNames } from "../googleProject";

/**
 * The repository that is used where none is given: the name of the context's directory, in the project's registry on
 * gcr.io. Throws InvalidArgument if there is no project.
 */
export async function defaultRepository(context: string): Promise<string> {
  const project = await findGoogleProject();
  if (!project) {
    throw new VersionedImageError(
      "InvalidArgument",
      "There is no repository to publish to: set the repository argument, for instance to " +
        "europe-docker.pkg.dev/my-project/images/simple, or run `pulumi config set gcp:project PROJECT` or " +
        "`gcloud config set project PROJECT` to publish to gcr.io/PROJECT.",
    );
  }
  return `gcr.io/${projectInImageNames(project)}/${path.basename(path.resolve(context))}`;
}
