import * as pulumi from "@pulumi/pulumi";
import { isMocked } from "./monitor";
import { sharedHooks } from "./sharedHooks";

/** What is done around the operations that an engine runs for one child of a component. */
export interface Around {
  /** The child's name, without the component's and the hyphen after that. */
  name: string;
  /** Before the resource is created or updated; what it throws ends the operation, and is shown on the component. */
  before?(args: pulumi.ResourceHookArgs): Promise<void>;
  /** After it has been; what it throws is shown as a warning. */
  after?(args: pulumi.ResourceHookArgs): Promise<void>;
  /** After it has failed; true to try again. */
  failed?(args: pulumi.ErrorHookArgs): Promise<boolean>;
  /** Whether `before` is run in previews, too. Default: false. */
  inPreview?: boolean;
}

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
