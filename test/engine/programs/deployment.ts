import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { VersionedImage } from "../../../components";
import { ImageDeployment } from "../../../components/kubernetes";

const config = new pulumi.Config();
const provider = new k8s.Provider("manifests", { renderYamlToDirectory: "manifests" });
const image = new VersionedImage("app", {
  context: "app",
  repository: config.require("repository"),
  debug: config.getBoolean("debug"),
});

/** What an ImageDeployment of version 0.1 declared: nothing but the name finds its pods. */
class Before extends pulumi.ComponentResource {
  constructor(name: string, opts: pulumi.ComponentResourceOptions) {
    super("versioned-image:kubernetes:ImageDeployment", name, {}, opts);
    const selector = { "app.kubernetes.io/name": name };
    const labels = { ...selector, "app.kubernetes.io/version": image.tag, "app.kubernetes.io/managed-by": "pulumi" };
    const annotations = {
      "org.opencontainers.image.ref.name": image.spec,
      "org.opencontainers.image.revision": image.commit,
      "org.opencontainers.image.source": image.source.apply(String),
    };
    const container = { name, image: image.reference, ports: [{ name: "http", containerPort: 8080 }], env: [] };
    new k8s.apps.v1.Deployment(
      `${name}-deployment`,
      {
        metadata: { labels, annotations },
        spec: {
          selector: { matchLabels: selector },
          template: { metadata: { labels }, spec: { containers: [container] } },
        },
      },
      { parent: this },
    );
    new k8s.core.v1.Service(
      `${name}-service`,
      {
        metadata: { name, labels: selector },
        spec: { selector, ports: [{ name: "http", port: 8080, targetPort: "http" }] },
      },
      { parent: this },
    );
  }
}

if (config.getBoolean("before")) {
  new Before("app", { providers: [provider] });
} else {
  new ImageDeployment(
    "app",
    { image, ports: { http: 8080 }, allowDebug: config.getBoolean("allowDebug") },
    { providers: [provider] },
  );
}

export const reference = image.reference;
