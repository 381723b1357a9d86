import { AsyncLocalStorage } from "node:async_hooks";
import * as pulumi from "@pulumi/pulumi";
import { reportInHook } from "./diagnostics";
import { isMocked } from "./engine";
import { urnOf } from "./outputs";

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

/**
 * Hooks that find out for which child they are called. The engine is told of each hook by a request, which adds up where each
 * image has its own.
 */
export class SharedHooks {
  private readonly calls = new Map<string, Call>();
  private readonly told = new Map<string, pulumi.ResourceHook | pulumi.ErrorHook>();

  constructor(private readonly prefix: string) {}

  /** Has the hooks do their work for one more child. */
  async serve(component: pulumi.ComponentResource, around: Around): Promise<void> {
    // The engine calls hooks from outside the run that they belong to, to which a program of the Automation API logs.
    const inRun = AsyncLocalStorage.snapshot();
    this.calls.set(`${await urnOf(component)}-${around.name}`, (work) =>
      inRun(() => reportInHook(component, async () => work(around))),
    );
  }

  before(onDryRun: boolean): pulumi.ResourceHook {
    return this.once(onDryRun ? "before-in-preview" : "before", (name) => {
      return new pulumi.ResourceHook(name, (args) => this.call(args, ({ before }) => before?.(args)), { onDryRun });
    });
  }

  after(): pulumi.ResourceHook {
    return this.once("after", (name) => {
      return new pulumi.ResourceHook(name, (args) => this.call(args, ({ after }) => after?.(args)));
    });
  }

  failed(): pulumi.ErrorHook {
    return this.once("failed", (name) => {
      return new pulumi.ErrorHook(
        name,
        async (args) => (await this.call(args, ({ failed }) => failed?.(args))) ?? false,
      );
    });
  }

  private once<Hook extends pulumi.ResourceHook | pulumi.ErrorHook>(when: string, tell: (name: string) => Hook): Hook {
    const hook = (this.told.get(when) as Hook | undefined) ?? tell(`${this.prefix}:${when}`);
    this.told.set(when, hook);
    return hook;
  }

  private async call<Result>({ urn }: { urn: string }, work: Work<Result>): Promise<Result | undefined> {
    const call = this.calls.get(withoutOwnType(urn));
    if (!call) {
      throw new Error(`VersionedImage has no hook for ${urn}`);
    }
    return call(work);
  }
}

type Work<Result> = (around: Around) => Promise<Result> | undefined;
type Call = <Result>(work: Work<Result>) => Promise<Result | undefined>;

/** A child's URN holds the component's, but for the child's own type and the end of its name. */
function withoutOwnType(urn: string): string {
  const [stack, project, types = "", ...name] = urn.split("::");
  return [stack, project, types.slice(0, types.lastIndexOf("$")), ...name].join("::");
}

/** The hooks of the component's program; of the component alone in a plugin, which has no stack. */
export function sharedHooks(component: pulumi.ComponentResource): Promise<SharedHooks> {
  const owner = pulumi.runtime.getStackResource() ?? component;
  const hooks = owned.get(owner) ?? hooksNamedAfter(owner);
  owned.set(owner, hooks);
  return hooks;
}

const owned = new WeakMap<pulumi.Resource, Promise<SharedHooks>>();

/** The state keeps the names: they must be the same in each run, and another's where the program has two copies of this package. */
async function hooksNamedAfter(owner: pulumi.Resource): Promise<SharedHooks> {
  return new SharedHooks(`${await urnOf(owner)}:versioned-image${COPY === 1 ? "" : `-${COPY}`}`);
}

const COPIES = Symbol.for("versioned-image.copies");
const everywhere = globalThis as { [COPIES]?: number };
everywhere[COPIES] = (everywhere[COPIES] ?? 0) + 1;
/** Which copy of this package this is, in the order in which they were loaded. */
const COPY = everywhere[COPIES];
