import type { ReportViolation, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { imagesOf, publishedImages, type Resource } from "./resources";
import { debugFault, pinFault, type Rule, verifiedBy } from "./rules";

/** Images are named by digest: a tag alone may name another image tomorrow. */
export const pinned: ResourceValidationPolicy = {
  name: "pinned-image",
  description: "Workloads name their images by digest.",
  validateResource: (workload, report) => check(workload, pinFault, report),
};

/** No debug images. A stack to debug in turns it off: {"no-debug-image": "disabled"}. */
export const noDebug: ResourceValidationPolicy = {
  name: "no-debug-image",
  description: "Workloads run no debug images.",
  validateResource: (workload, report) => check(workload, debugFault, report),
};

/** Images are those of the stack's VersionedImages, or of a trusted repository: {"verified-image": {"trusted": ["registry.k8s.io"]}}. */
export const verified: StackValidationPolicy = {
  name: "verified-image",
  description: "Workloads run what a VersionedImage of the stack published, or images of trusted repositories.",
  configSchema: {
    properties: {
      trusted: {
        type: "array",
        items: { type: "string" },
        description: "Repositories, as workloads write them. Each covers all below it, too. Default: none.",
      },
    },
  },
  // It runs after the preview and again after the update, when only the preview can still stop anything.
  validateStack: ({ resources, getConfig }, report) => {
    const { trusted = [] } = getConfig<{ trusted?: string[] }>();
    const rule = verifiedBy(publishedImages(resources), trusted);
    for (const workload of resources) {
      check(workload, rule, (message) => report(message, workload.urn));
    }
  },
};

export const policies = [pinned, noDebug, verified];

function check(workload: Resource, rule: Rule, report: ReportViolation): void {
  for (const { container, image } of imagesOf(workload)) {
    const fault = rule(image);
    if (fault !== undefined) {
      report(`The container ${container} runs ${image}, ${fault}`);
    }
  }
}
