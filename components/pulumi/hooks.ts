import * as pulumi from "@pulumi/pulumi";
import { isMocked } from "./monitor";
import { type Around, sharedHooks } from "./sharedHooks";

/** Hooks for one child of a component. Under mocks there are none, and in a preview none but those that are run in it. */
export async function hooksFor(
  component: pulumi.ComponentResource,
  around: Around,
): Promise<pulumi.ResourceHookBinding | undefined> {
  const { before, after, failed, inPreview = false } = around;
  if (isMocked() || (pulumi.runtime.isDryRun() && !inPreview)) {
    return undefined;
  }
  const hooks = await sharedHooks(component);
  await hooks.serve(component, around);
  const beforeHooks = before && [hooks.before(inPreview)];
  const afterHooks = after && [hooks.after()];
  return {
    beforeCreate: beforeHooks,
    beforeUpdate: beforeHooks,
    afterCreate: afterHooks,
    afterUpdate: afterHooks,
    onError: failed && [hooks.failed()],
  };
}
