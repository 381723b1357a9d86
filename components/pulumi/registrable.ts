import * as pulumi from "@pulumi/pulumi";
import { isMocked } from "./engine";
import { knownValue, urnOf } from "./outputs";

/**
 * The outputs that a component registered in the stack's last update in which it ended well; none of one that is new. The SDK itself asks the
 * engine so for the outputs of a resource that is handed to it by its URN.
 */
export async function previousOutputs(component: pulumi.ComponentResource): Promise<Record<string, unknown>> {
  if (isMocked()) {
    return {};
  }
  const { state } = await pulumi.runtime.invoke("pulumi:pulumi:getResource", { urn: await urnOf(component) });
  return (state as Record<string, unknown> | undefined) ?? {};
}

/**
 * The outputs that a component registers. Where they can't be had, they reject, by which Pulumi shows the error; but those of the stack's last
 * update take their place where the error is another resource's, which shows it, and where nobody would show it any more: an inline
 * program of the Automation API stops listening at its first error, and each that comes later would end the process.
 */
export async function registrable(component: pulumi.ComponentResource, outputs: pulumi.Inputs): Promise<pulumi.Inputs> {
  try {
    await Promise.all(Object.values(outputs).map((output) => knownValue(output)));
    return outputs;
  } catch (error) {
    if (isOf(error, component)) {
      if (process.listenerCount("unhandledRejection") > 0) {
        throw error;
      }
      await pulumi.log.error((error as Error).message, component).catch(() => {});
    }
    // Where the engine can't be asked any more, nothing can be registered either.
    return previousOutputs(component).catch(() => ({}));
  }
}

/** What is no resource's error is a fault, which the component is to show. */
function isOf(error: unknown, component: pulumi.ComponentResource): boolean {
  return !pulumi.ResourceError.isInstance(error) || error.resource === component;
}
