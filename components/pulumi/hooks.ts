import { AsyncLocalStorage } from "node:async_hooks";
import * as pulumi from "@pulumi/pulumi";
import { reportInHook } from "./diagnostics";
import { isMocked } from "./monitor";
import { urnOf } from "./outputs";

/** What is done around the operations that an engine runs for one resource. */
export interface Around {
  /** Tells the hooks of a component's resources apart. */
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

/** Hooks for one resource of a component. Under mocks there are none. */
export async function hooksFor(
  component: pulumi.ComponentResource,
  { name, before, after, failed, inPreview = false }: Around,
): Promise<pulumi.ResourceHookBinding | undefined> {
  if (isMocked()) {
    return undefined;
  }
  // Hooks of a program must have names of their own.
  const prefix = `${await urnOf(component)}:${name}`;
  // The engine calls hooks from outside the run that they belong to, to which a program of the Automation API logs.
  const inRun = AsyncLocalStorage.snapshot();
  const hook = (when: string, work: (args: pulumi.ResourceHookArgs) => Promise<void>, onDryRun: boolean) => [
    new pulumi.ResourceHook(`${prefix}:${when}`, (args) => inRun(() => reportInHook(component, () => work(args))), {
      onDryRun,
    }),
  ];
  const beforeHooks = before && hook("before", before, inPreview);
  const afterHooks = after && hook("after", after, false);
  return {
    beforeCreate: beforeHooks,
    beforeUpdate: beforeHooks,
    afterCreate: afterHooks,
    afterUpdate: afterHooks,
    onError: failed && [
      new pulumi.ErrorHook(`${prefix}:failed`, (args) => inRun(() => reportInHook(component, () => failed(args)))),
    ],
  };
}
