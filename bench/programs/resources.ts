import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

/** As many resources as versioned images have, with nothing of their work: what an update costs by their number alone. */
class Resources extends pulumi.ComponentResource {
  readonly reference: pulumi.Output<string>;

  constructor(name: string, context: string, repository: string) {
    super("bench:index:Resources", name);
    const imageName = `${repository}:v1`;
    const build = { context, dockerfile: `${context}/Dockerfile`, platform: "linux/amd64" };
    const image = new docker.Image(`${name}-image`, { imageName, build }, { parent: this });
    new pulumi.Stash(`${name}-record`, { input: { spec: imageName } }, { parent: this, dependsOn: image });
    this.reference = image.repoDigest;
    this.registerOutputs({ reference: this.reference });
  }
}

const wanted = new pulumi.Config().requireObject<Record<string, { context: string; repository: string }>>("images");
export const images = Object.fromEntries(
  Object.entries(wanted).map(([name, { context, repository }]) => [
    name,
    { reference: new Resources(name, context, repository).reference },
  ]),
);
