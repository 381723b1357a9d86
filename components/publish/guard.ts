import * as pulumi from "@pulumi/pulumi";
import { swapForExisting } from "../context/staging";
import { VersionedImageError } from "../errors";
import { reportInHook } from "../pulumi/diagnostics";

/** What the registry holds under a production tag. */
export interface Held {
  digest: string;
  mediaType: string;
}

/** What the guard of a production image must know. */
export interface Guarded {
  /** repository:tag */
  spec: string;
  repository: string;
  staged: { context: string; dockerfile: string };
  target: string | undefined;
  /** Asks the registry what it holds under the tag now; throws if that is not this version. */
  held(): Promise<Held | undefined>;
}

/** The one manifest type that a build of nothing but FROM is known to reproduce, digest and all. */
const REPRODUCIBLE = "application/vnd.docker.distribution.manifest.v2+json";

/**
 * Hooks that stand between Docker's provider and a production tag: the provider builds and pushes whenever it thinks that
 * something has changed, and never asks whether the tag exists. `urn` makes their names unique in the program.
 */
export function guardHooks(urn: string, guarded: Guarded): pulumi.ResourceHookBinding {
  const reuse = async (held: Held) => {
    if (held.mediaType !== REPRODUCIBLE) {
      throw publishedMeanwhile(guarded, held);
    }
    await swapForExisting(guarded.staged, `${guarded.repository}@${held.digest}`, guarded.target);
  };
  const hook = (name: string, work: (args: pulumi.ResourceHookArgs) => Promise<void>, onDryRun = false) =>
    new pulumi.ResourceHook(`${urn}:${name}`, (args) => reportInHook(() => work(args)), { onDryRun });

  const beforeCreate = hook("before-create", async () => {
    const held = await guarded.held();
    if (held) {
      // Someone was first: what is pushed now is what is there already.
      await reuse(held);
    }
  });
  const beforeUpdate = hook(
    "before-update",
    async (args) => {
      const held = await guarded.held();
      const changed = changedInputs(args.oldInputs, args.newInputs);
      if (!held || changed.some((path) => path !== "build.contextDigest")) {
        throw refusal(guarded, held, changed);
      }
      // The same version staged in another way, as a new release of this package may do.
      if (!pulumi.runtime.isDryRun()) {
        await reuse(held);
      }
    },
    true,
  );
  const onError = new pulumi.ErrorHook(`${urn}:on-error`, ({ failedOperation, errors }) =>
    reportInHook(async () => {
      const held = failedOperation === "create" ? await guarded.held() : undefined;
      if (held) {
        throw publishedMeanwhile(guarded, held, errors.at(-1));
      }
      return false;
    }),
  );
  return { beforeCreate: [beforeCreate], beforeUpdate: [beforeUpdate], onError: [onError] };
}

function publishedMeanwhile({ spec }: Guarded, { digest }: Held, words?: string): VersionedImageError {
  return new VersionedImageError(
    "PublishedMeanwhile",
    `${spec} was published by someone else meanwhile (${digest}): run again to adopt it.` +
      `${words ? ` (Our own push ended with: ${words})` : ""}`,
  );
}

function refusal({ spec }: Guarded, held: Held | undefined, changed: string[]): VersionedImageError {
  const what = changed.length > 0 ? changed.join(", ") : "its inputs";
  return new VersionedImageError(
    "BuildInputsChanged",
    held
      ? `${spec} is published already and would be overwritten, since ${what} changed. Commit a change in the image's ` +
          "directory that goes with it, set debug: true to try it out, or publish to another repository."
      : `${spec} was published by this stack, but the registry does not have it any more, and ${what} changed. ` +
          "Commit a change in the image's directory to publish a new version.",
  );
}

/** The paths of the inputs that differ, one level into `build`. */
export function changedInputs(olds: Record<string, unknown> = {}, news: Record<string, unknown> = {}): string[] {
  const names = [...new Set([...Object.keys(olds), ...Object.keys(news)])].sort();
  return names.flatMap((name) => {
    if (sameValue(olds[name], news[name])) {
      return [];
    }
    if (name === "build" && isRecord(olds.build) && isRecord(news.build)) {
      return changedInputs(olds.build, news.build).map((inner) => `build.${inner}`);
    }
    return [name];
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sameValue(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  return isRecord(value)
    ? Object.fromEntries(
        Object.keys(value)
          .sort()
          .map((key) => [key, sorted(value[key])]),
      )
    : value;
}
