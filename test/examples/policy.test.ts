import * as assert from "node:assert/strict";
import { type ResourceValidationPolicy, type StackValidationPolicy, unknownCheckingProxy } from "@pulumi/policy";
import { unknownValue } from "@pulumi/pulumi/runtime/rpc";
import { noDebug, pinned, verified } from "../../examples/policy/policies";

const DIGEST = `sha256:${"a".repeat(64)}`;
const OTHER = `sha256:${"b".repeat(64)}`;
const REPOSITORY = "localhost:5000/team/app";
const REFERENCE = `${REPOSITORY}:88d38d9@${DIGEST}`;

const NOT_PINNED = "which can change: name it by its digest, as the reference of a VersionedImage does.";
const DEBUG = "which is a debug image: commit the changes and publish it without debug.";
const NOT_VERIFIED =
  "which no VersionedImage of this stack published: use the reference of one, or trust its repository.";

interface Resource {
  type: string;
  props: object;
}

function pod(image: unknown): Resource {
  return { type: "kubernetes:core/v1:Pod", props: { spec: { containers: [{ name: "app", image }] } } };
}

function published(reference: string): Resource {
  return { type: "versioned-image:index:VersionedImage", props: { reference } };
}

/** What the engine hands over of a resource; as in a preview, reading an unknown value throws. */
function handed({ type, props }: Resource, index = 0) {
  return { type, props: unknownCheckingProxy(props), urn: `urn:${index}`, name: "name" };
}

/** What a policy says of one resource. */
async function violationsOf({ validateResource }: ResourceValidationPolicy, resource: Resource): Promise<string[]> {
  const messages: string[] = [];
  assert.ok(typeof validateResource === "function");
  await validateResource(handed(resource) as Parameters<typeof validateResource>[0], (message) => {
    messages.push(message);
  });
  return messages;
}

/** What a policy says of a stack, with the resource that it says it of. */
async function violationsIn(
  { validateStack }: StackValidationPolicy,
  resources: Resource[],
  config: object = {},
): Promise<[urn: string | undefined, message: string][]> {
  const messages: [string | undefined, string][] = [];
  const args = { resources: resources.map(handed), getConfig: () => config };
  await validateStack(args as unknown as Parameters<typeof validateStack>[0], (message, urn) => {
    messages.push([urn, message]);
  });
  return messages;
}

describe("the policy pack of the examples", () => {
  describe("asks for pinned images", () => {
    const refused = [
      "nginx",
      "nginx:1.27",
      "localhost:5000/team/app",
      `${REPOSITORY}:88d38d9`,
      "app@sha256:aaaa",
      `app@${DIGEST}0`,
      `app@sha256:${"A".repeat(64)}`,
      "",
    ];
    for (const image of refused) {
      it(`and refuses ${JSON.stringify(image)}`, async () => {
        assert.deepEqual(await violationsOf(pinned, pod(image)), [`The container app runs ${image}, ${NOT_PINNED}`]);
      });
    }

    for (const image of [REFERENCE, `${REPOSITORY}@${DIGEST}`, `nginx@${DIGEST}`, `app@sha512:${"c".repeat(128)}`]) {
      it(`and allows ${image.slice(0, 60)}`, async () => {
        assert.deepEqual(await violationsOf(pinned, pod(image)), []);
      });
    }
  });

  describe("asks for images without debug", () => {
    for (const image of ["app:88d38d9-debug", `${REPOSITORY}:88d38d9-debug@${DIGEST}`]) {
      it(`and refuses ${image.slice(0, 60)}`, async () => {
        assert.deepEqual(await violationsOf(noDebug, pod(image)), [`The container app runs ${image}, ${DEBUG}`]);
      });
    }

    for (const image of [REFERENCE, `team/app-debug@${DIGEST}`, `team/app-debug:1@${DIGEST}`, "app:debug", "app"]) {
      it(`and allows ${image.slice(0, 60)}`, async () => {
        assert.deepEqual(await violationsOf(noDebug, pod(image)), []);
      });
    }
  });

  describe("asks for verified images", () => {
    it("and allows those of a VersionedImage, whatever the tag", async () => {
      const images = [REFERENCE, `${REPOSITORY}@${DIGEST}`, `${REPOSITORY}:latest@${DIGEST}`];
      assert.deepEqual(await violationsIn(verified, [published(REFERENCE), ...images.map(pod)]), []);
    });

    for (const [what, image] of Object.entries({
      "without a digest": `${REPOSITORY}:88d38d9`,
      "with another digest": `${REPOSITORY}:88d38d9@${OTHER}`,
      "of another repository": `localhost:5000/team/other:88d38d9@${DIGEST}`,
    })) {
      it(`and refuses one ${what}, at its workload`, async () => {
        assert.deepEqual(await violationsIn(verified, [published(REFERENCE), pod(image)]), [
          ["urn:1", `The container app runs ${image}, ${NOT_VERIFIED}`],
        ]);
      });
    }

    it("and refuses every image of a stack that has no VersionedImage", async () => {
      assert.deepEqual(await violationsIn(verified, [pod(REFERENCE)]), [
        ["urn:0", `The container app runs ${REFERENCE}, ${NOT_VERIFIED}`],
      ]);
    });

    it("and takes nobody else's word for a reference", async () => {
      const other = { type: "pulumi:pulumi:StackReference", props: { reference: REFERENCE } };
      assert.equal((await violationsIn(verified, [other, pod(REFERENCE)])).length, 1);
    });

    it("and allows those of a trusted repository and below it, pinned or not", async () => {
      const trusted = ["registry.k8s.io", "localhost:5000/team/app"];
      const images = ["registry.k8s.io/pause:3.10", REFERENCE, REPOSITORY, `registry.k8s.io/a/b@${DIGEST}`];
      assert.deepEqual(await violationsIn(verified, images.map(pod), { trusted }), []);
    });

    it("and does not trust a name that only begins like a trusted one", async () => {
      const images = ["registry.k8s.io.example.com/pause:3.10", "localhost:5000/team/apple"];
      assert.deepEqual(
        await violationsIn(verified, images.map(pod), { trusted: ["registry.k8s.io", "localhost:5000/team/app"] }),
        images.map((image, index) => [`urn:${index}`, `The container app runs ${image}, ${NOT_VERIFIED}`]),
      );
    });
  });

  describe("looks into", () => {
    const template = (spec: object) => ({ spec: { template: { spec } } });
    const workloads: Record<string, (spec: object) => object> = {
      "core/v1:Pod": (spec) => ({ spec }),
      "core/v1:PodPatch": (spec) => ({ spec }),
      "apps/v1:Deployment": template,
      "apps/v1:DeploymentPatch": template,
      "extensions/v1beta1:Deployment": template,
      "apps/v1:StatefulSet": template,
      "apps/v1:DaemonSet": template,
      "apps/v1:ReplicaSet": template,
      "core/v1:ReplicationController": template,
      "batch/v1:Job": template,
      "batch/v1:CronJob": (spec) => ({ spec: { jobTemplate: template(spec) } }),
      "core/v1:PodTemplate": (spec) => ({ template: { spec } }),
    };
    for (const [type, propsOf] of Object.entries(workloads)) {
      it(`the containers of all kinds and the image volumes of ${type}`, async () => {
        const spec = {
          initContainers: [{ name: "init", image: "one" }],
          containers: [{ name: "app", image: REFERENCE }, { image: "two" }],
          ephemeralContainers: [{ name: "look", image: "three" }],
          volumes: [
            { name: "tmp", emptyDir: {} },
            { name: "files", image: { reference: "four" } },
          ],
        };
        const workload = { type: `kubernetes:${type}`, props: propsOf(spec) };
        assert.deepEqual(await violationsOf(pinned, workload), [
          `The container init runs one, ${NOT_PINNED}`,
          `The container containers.1 runs two, ${NOT_PINNED}`,
          `The container look runs three, ${NOT_PINNED}`,
          `The container files runs four, ${NOT_PINNED}`,
        ]);
        assert.deepEqual(await violationsIn(verified, [published(REFERENCE), workload]), [
          ["urn:1", `The container init runs one, ${NOT_VERIFIED}`],
          ["urn:1", `The container containers.1 runs two, ${NOT_VERIFIED}`],
          ["urn:1", `The container look runs three, ${NOT_VERIFIED}`],
          ["urn:1", `The container files runs four, ${NOT_VERIFIED}`],
        ]);
      });
    }

    for (const type of ["kubernetes:core/v1:Service", "kubernetes:apps/v1:constructor", "docker:index/container:Pod"]) {
      it(`nothing of ${type}`, async () => {
        assert.deepEqual(await violationsOf(pinned, { ...pod("one"), type }), []);
      });
    }
  });

  describe("leaves be what a preview does not know:", () => {
    const known = { name: "known", image: "one" };
    const unknown: Record<string, [spec: unknown, violations: number]> = {
      "an image": [{ containers: [{ name: "app", image: unknownValue }, known] }, 1],
      "a container": [{ containers: [unknownValue, known] }, 1],
      "the containers": [{ initContainers: [known], containers: unknownValue }, 1],
      "the pod": [unknownValue, 0],
      "no pod at all": [undefined, 0],
    };
    for (const [what, [spec, violations]] of Object.entries(unknown)) {
      it(what, async () => {
        const workload = { type: "kubernetes:core/v1:Pod", props: { spec } };
        const expected = Array(violations).fill(`The container known runs one, ${NOT_PINNED}`);
        assert.deepEqual(await violationsOf(pinned, workload), expected);
        assert.deepEqual(await violationsOf(noDebug, workload), []);
        assert.equal((await violationsIn(verified, [published(REFERENCE), workload])).length, violations);
      });
    }

    it("a container's name", async () => {
      const props = { spec: { containers: [{ name: unknownValue, image: "one" }] } };
      assert.deepEqual(await violationsOf(pinned, { type: "kubernetes:core/v1:Pod", props }), [
        `The container containers.0 runs one, ${NOT_PINNED}`,
      ]);
    });

    it("the reference of a VersionedImage, while what it knows is still verified", async () => {
      const foreign = `example.com/foreign:1@${OTHER}`;
      const resources = [
        published(unknownValue),
        published(REFERENCE),
        pod(unknownValue),
        pod(REFERENCE),
        pod(foreign),
      ];
      assert.deepEqual(await violationsIn(verified, resources), [
        ["urn:4", `The container app runs ${foreign}, ${NOT_VERIFIED}`],
      ]);
    });
  });
});
