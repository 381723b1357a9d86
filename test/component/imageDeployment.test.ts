import * as assert from "node:assert/strict";
import { Deployment } from "@pulumi/kubernetes/apps/v1";
import * as pulumi from "@pulumi/pulumi";
import type { VersionedImage } from "../../components";
import { ImageDeployment, type ImageDeploymentArgs } from "../../components/kubernetes";
import { knownValue } from "../../components/pulumi/outputs";
import { diagnosticOf } from "../support/diagnosticOf";
import { declaredBy, inputsOf } from "../support/mocked";

const COMMIT = "88d38d9".padEnd(40, "0");
const DIGEST = `sha256:${"d".repeat(64)}`;
const SOURCE = "https://example.com/repository.git";

interface DeploymentInputs {
  metadata: { namespace?: string; annotations: Record<string, string>; labels: Record<string, string> };
  spec: {
    replicas: number;
    minReadySeconds?: number;
    template: { metadata: { labels: Record<string, string> }; spec: { containers: unknown[] } };
  };
}

/** The Deployment's part alone: the image is a mock of the outputs that it reads. */
describe("ImageDeployment", () => {
  function imageWith(tag: string, source?: string): VersionedImage {
    const spec = `localhost:5000/simple:${tag}`;
    const outputs = { tag, spec, reference: `${spec}@${DIGEST}`, commit: COMMIT, source };
    return Object.fromEntries(
      Object.entries(outputs).map(([name, value]) => [name, pulumi.output(value)]),
    ) as unknown as VersionedImage;
  }

  function declared(tag: string, args: Partial<ImageDeploymentArgs> = {}, preview = false) {
    return declaredBy(() => new ImageDeployment("simple", { image: imageWith(tag, SOURCE), ...args }), { preview });
  }

  /** Of the component `simple` of the mocked stack. */
  const IDENTITY = "c97af23ab64deeae";
  const OF_DEPLOYMENT = { "versioned-image.dev/deployment": IDENTITY };
  const OF_SERVICE = { "versioned-image.dev/service": IDENTITY };

  for (const preview of [true, false]) {
    it(`pins the image and says where it comes from (${preview ? "preview" : "update"})`, async () => {
      const resources = (await declared("88d38d9", {}, preview)).declared;
      assert.deepEqual(
        resources.map(({ type, name }) => [type, name]),
        [
          ["versioned-image:kubernetes:ImageDeployment", "simple"],
          ["kubernetes:apps/v1:Deployment", "simple-deployment"],
        ],
      );
      const labels = {
        "app.kubernetes.io/name": "simple",
        "app.kubernetes.io/version": "88d38d9",
        "app.kubernetes.io/managed-by": "pulumi",
      };
      assert.deepEqual(inputsOf(resources, "simple-deployment"), {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: {
          labels,
          annotations: {
            "org.opencontainers.image.ref.name": "localhost:5000/simple:88d38d9",
            "org.opencontainers.image.revision": COMMIT,
            "org.opencontainers.image.source": SOURCE,
          },
        },
        spec: {
          selector: { matchLabels: { "app.kubernetes.io/name": "simple", ...OF_DEPLOYMENT } },
          template: {
            metadata: { labels: { ...labels, ...OF_DEPLOYMENT, ...OF_SERVICE } },
            spec: {
              containers: [{ name: "simple", image: `localhost:5000/simple:88d38d9@${DIGEST}`, ports: [], env: [] }],
            },
          },
        },
      });
    });
  }

  for (const preview of [true, false]) {
    it(`makes a Service of the named ports, and passes ordinary settings on (${preview ? "preview" : "update"})`, async () => {
      const settings: Partial<ImageDeploymentArgs> = {
        namespace: "shop",
        replicas: 3,
        ports: { http: 8080, metrics: 9090 },
        env: { MODE: "fast" },
        container: {
          resources: { limits: { memory: "64Mi" } },
          livenessProbe: { httpGet: { path: "/", port: "http" } },
          env: [{ name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }],
        },
        pod: { serviceAccountName: "shop", containers: [{ name: "proxy", image: "proxy" }] },
        spec: { minReadySeconds: 5 },
        service: { type: "LoadBalancer" },
        labels: { team: "shop" },
        annotations: { note: "text" },
        podLabels: { tier: "web" },
        podAnnotations: { "prometheus.io/scrape": "true" },
      };
      const { declared: resources, made } = await declared("88d38d9", settings, preview);
      const deployment = inputsOf(resources, "simple-deployment") as unknown as DeploymentInputs;
      assert.equal(deployment.metadata.namespace, "shop");
      assert.equal(deployment.metadata.annotations.note, "text");
      assert.equal(deployment.spec.replicas, 3);
      assert.equal(deployment.spec.minReadySeconds, 5);
      assert.deepEqual(deployment.spec.template.metadata, {
        labels: {
          team: "shop",
          tier: "web",
          "app.kubernetes.io/name": "simple",
          "app.kubernetes.io/version": "88d38d9",
          "app.kubernetes.io/managed-by": "pulumi",
          ...OF_DEPLOYMENT,
          ...OF_SERVICE,
        },
        annotations: { "prometheus.io/scrape": "true" },
      });
      assert.equal("tier" in deployment.metadata.labels, false);
      assert.deepEqual(deployment.spec.template.spec, {
        serviceAccountName: "shop",
        containers: [
          {
            name: "simple",
            image: `localhost:5000/simple:88d38d9@${DIGEST}`,
            resources: { limits: { memory: "64Mi" } },
            livenessProbe: { httpGet: { path: "/", port: "http" } },
            ports: [
              { name: "http", containerPort: 8080 },
              { name: "metrics", containerPort: 9090 },
            ],
            env: [
              { name: "MODE", value: "fast" },
              { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
            ],
          },
          { name: "proxy", image: "proxy" },
        ],
      });
      assert.deepEqual(inputsOf(resources, "simple-service"), {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "simple", namespace: "shop", labels: { team: "shop", "app.kubernetes.io/name": "simple" } },
        spec: {
          type: "LoadBalancer",
          selector: { "app.kubernetes.io/name": "simple", ...OF_SERVICE },
          ports: [
            { name: "http", port: 8080, targetPort: "http" },
            { name: "metrics", port: 9090, targetPort: "metrics" },
          ],
        },
      });
      assert.ok(made.service);
    });
  }

  /** What each of the components of one name finds its pods by, and what these have. */
  async function selectorsOf(make: () => ImageDeployment[], stack = "stack") {
    const { declared: resources } = await declaredBy(make, { stack });
    const of = (kind: string) => resources.filter(({ type }) => type.endsWith(`:${kind}`)).map(({ inputs }) => inputs);
    const deployments = of("Deployment") as unknown as (DeploymentInputs & {
      spec: { selector: { matchLabels: Record<string, string> } };
    })[];
    const services = of("Service") as unknown as { spec: { selector: Record<string, string> } }[];
    return deployments.map(({ spec }, index) => ({
      pods: spec.template.metadata.labels,
      selectors: [spec.selector.matchLabels, services[index]?.spec.selector ?? {}],
    }));
  }

  const finds = (selector: Record<string, string>, labels: Record<string, string>) =>
    Object.entries(selector).every(([name, value]) => labels[name] === value);

  it("finds its own pods, and not those of another component of its name, in this or in another stack", async () => {
    const args = { image: imageWith("88d38d9", SOURCE), ports: { http: 8080 } };
    class Team extends pulumi.ComponentResource {}
    const here = await selectorsOf(() => {
      const parent = new Team("test:Team", "team");
      return [
        new ImageDeployment("simple", args),
        new ImageDeployment("simple", { ...args, serviceName: "second" }, { parent }),
      ];
    });
    const elsewhere = await selectorsOf(() => [new ImageDeployment("simple", args)], "other");
    const all = [...here, ...elsewhere];
    for (const { selectors } of all) {
      for (const selector of selectors) {
        assert.deepEqual(
          all.map(({ pods }) => finds(selector, pods)),
          all.map(({ selectors: own }) => own.includes(selector)),
        );
      }
    }
  });

  it("keeps the selector that a Deployment was made with, and moves the Service after it", async () => {
    const seen: Record<string, pulumi.CustomResourceOptions> = {};
    await declaredBy(
      () =>
        new ImageDeployment(
          "simple",
          { image: imageWith("88d38d9"), ports: { http: 8080 } },
          {
            transformations: [
              ({ name, props, opts }) => {
                seen[name] = opts;
                return { props, opts };
              },
            ],
          },
        ),
    );
    assert.deepEqual(seen["simple-deployment"]?.ignoreChanges, [
      'spec.selector.matchLabels["versioned-image.dev/deployment"]',
      'spec.template.metadata.labels["versioned-image.dev/deployment"]',
    ]);
    assert.ok([seen["simple-service"]?.dependsOn].flat()[0] instanceof Deployment);
  });

  it("lets what is set beside it win", async () => {
    const { declared: resources } = await declared("88d38d9-debug", {
      ports: { http: 8080 },
      serviceName: pulumi.output("shop"),
      container: { tty: false, terminationMessagePolicy: "File" },
      pod: { terminationGracePeriodSeconds: 5 },
      spec: { revisionHistoryLimit: 2, strategy: { type: "Recreate" } },
      service: { clusterIP: "None" },
    });
    const { spec } = inputsOf(resources, "simple-deployment") as unknown as DeploymentInputs;
    const { selector: _, template, ...rest } = spec as DeploymentInputs["spec"] & { selector: unknown };
    assert.deepEqual(rest, { revisionHistoryLimit: 2, strategy: { type: "Recreate" } });
    const { containers, ...pod } = template.spec;
    assert.deepEqual(pod, { terminationGracePeriodSeconds: 5 });
    const { stdin, tty, terminationMessagePolicy } = containers[0] as Record<string, unknown>;
    assert.deepEqual([stdin, tty, terminationMessagePolicy], [true, false, "File"]);
    const service = inputsOf(resources, "simple-service") as Record<string, Record<string, unknown>>;
    assert.equal(service.metadata?.name, "shop");
    assert.equal(service.spec?.clusterIP, "None");
  });

  const long = `${"release/".replace("/", "-").repeat(10)}88d38d9`;
  const versions: [what: string, tag: string, label: string][] = [
    ["digits alone", "1234567", "1234567"],
    ["what looks like a number", "12e4567", "12e4567"],
    ["a prefix", "git-1234567-debug", "git-1234567-debug"],
    ["more than a label may have", long, "release-release-release-release-release-release-release-88d38d9"],
    ["a beginning that no label may have", "_88d38d9", "88d38d9"],
  ];
  for (const preview of [true, false]) {
    for (const [what, tag, label] of versions) {
      it(`labels with a tag that has ${what} (${preview ? "preview" : "update"})`, async () => {
        const { declared: resources } = await declared(tag, {}, preview);
        const { metadata, spec } = inputsOf(resources, "simple-deployment") as unknown as DeploymentInputs;
        assert.equal(metadata.labels["app.kubernetes.io/version"], label);
        assert.deepEqual(spec.template.metadata.labels, { ...metadata.labels, ...OF_DEPLOYMENT, ...OF_SERVICE });
        assert.equal(metadata.annotations["org.opencontainers.image.ref.name"], `localhost:5000/simple:${tag}`);
      });
    }
  }

  it("makes a debug image easy to debug, and says nothing of a source that there is not", async () => {
    const { declared: resources } = await declaredBy(
      () =>
        new ImageDeployment("simple", {
          image: imageWith("88d38d9-debug"),
          container: { livenessProbe: { httpGet: { port: 80 } }, readinessProbe: { httpGet: { port: 80 } } },
        }),
    );
    const deployment = inputsOf(resources, "simple-deployment") as unknown as DeploymentInputs;
    assert.deepEqual(deployment.metadata.annotations, {
      "org.opencontainers.image.ref.name": "localhost:5000/simple:88d38d9-debug",
      "org.opencontainers.image.revision": COMMIT,
    });
    assert.deepEqual(deployment.spec.template.spec.containers, [
      {
        name: "simple",
        image: `localhost:5000/simple:88d38d9-debug@${DIGEST}`,
        readinessProbe: { httpGet: { port: 80 } },
        ports: [],
        env: [],
        stdin: true,
        tty: true,
        terminationMessagePolicy: "FallbackToLogsOnError",
      },
    ]);
  });

  for (const preview of [true, false]) {
    it(`refuses a debug image where none is allowed (${preview ? "preview" : "update"})`, async () => {
      const message = await diagnosticOf("DebugNotAllowed", () =>
        declaredBy(
          () =>
            knownValue(
              new ImageDeployment("simple", { image: imageWith("88d38d9-debug"), allowDebug: false }).deployment.id,
            ),
          { preview },
        ),
      );
      assert.match(message, /^The image's tag is 88d38d9-debug, and allowDebug is false\. /);
    });
  }

  it("allows a production image where no debug image is", async () => {
    const { declared: resources } = await declared("88d38d9", { allowDebug: false });
    assert.equal(inputsOf(resources, "simple-deployment").kind, "Deployment");
  });

  it("refuses a name that can't be a label", async () => {
    for (const name of ["-simple", "a b", "x".repeat(64)]) {
      const message = await diagnosticOf("InvalidArgument", () =>
        declaredBy(() => new ImageDeployment(name, { image: imageWith("88d38d9") })),
      );
      assert.match(message, /can't be the value of a Kubernetes label/);
    }
  });

  const refused: [what: string, name: string, args: Partial<ImageDeploymentArgs>, message: RegExp][] = [
    ["be a container's", "Simple", {}, /^The name "Simple" can't be used for a Kubernetes container/],
    ["be a container's, with a dot", "my.app", {}, /^The name "my.app" can't be used for a Kubernetes container/],
    [
      "be a Service's",
      "2048",
      { ports: { http: 80 } },
      /^"2048" can't be the name of a Kubernetes Service: set serviceName/,
    ],
    [
      "be a Service's either",
      "a",
      { ports: { http: 80 }, serviceName: "A" },
      /^"A" can't be the name of a Kubernetes Serv/,
    ],
    ["be a port's", "a", { ports: { "http-of-the-shop": 80 } }, /^"http-of-the-shop" in ports can't be the name of a/],
    [
      "be a port's, without a letter",
      "a",
      { ports: { 8080: 80 } },
      /^"8080" in ports can't be the name of a Kubernetes port/,
    ],
  ];
  for (const [what, name, args, message] of refused) {
    it(`refuses a name that can't ${what}`, async () => {
      const found = await diagnosticOf("InvalidArgument", () =>
        declaredBy(() => new ImageDeployment(name, { image: imageWith("88d38d9"), ...args }), { preview: true }),
      );
      assert.match(found, message);
    });
  }

  it("takes any name for a deployment without a Service that a container may have", async () => {
    const { declared: resources } = await declaredBy(
      () => new ImageDeployment("2048", { image: imageWith("88d38d9") }),
    );
    assert.equal(inputsOf(resources, "2048-deployment").kind, "Deployment");
  });
});
