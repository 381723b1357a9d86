import * as pulumi from "@pulumi/pulumi";
import { interruptibly, isMocked, reportAt } from "../pulumi";
import { duration, Fate } from "../version";
import { buildContent } from "./buildContent";
import { checkContent, overwritten } from "./checkContent";
import type { Building } from "./contentBuilder";
import { announce, sayInterrupted, sayProgress } from "./runReport";
import type { Subject, Target } from "./subject";
import { type Served, tagContent } from "./tagContent";
import { Watch } from "./watch";

/** A version that was built from its commit. */
export interface Built {
  building: Building;
  /** What its tag serves; nothing in a preview, and for an image that the update leaves out. */
  served: Served | undefined;
}

/** Has a version built and pushed beside its tag, and then sets the tag if it is still absent. Says what is done at the moment, and what was. */
export async function buildAndTag(subject: Subject, target: Target): Promise<Built> {
  const { name, version } = subject;
  const watch = new Watch(subject, `${version.tag} from its commit, to be pushed to ${target.repository}`);
  if (pulumi.runtime.isDryRun() || isMocked()) {
    announce(subject, Fate.Published, (repository) => `will be built and pushed to ${repository}`);
    return { building: await buildContent(subject, target, watch), served: undefined };
  }
  return interruptibly(watch.step, sayInterrupted, async () => {
    const building = await buildContent(subject, target, watch);
    const { digest, leftOut } = building;
    if (leftOut || digest === undefined) {
      return { building, served: undefined };
    }
    watch.step.what = `${name} is being tagged`;
    const served = await tag(subject, target, digest);
    announceServed(subject, target, served, watch.took ?? 0);
    return { building, served };
  });
}

function tag(subject: Subject, target: Target, digest: string): Promise<Served> {
  const { component, version, args } = subject;
  const { registry, repository } = target;
  sayProgress(subject, `pushed as ${digest}, setting the tag ${version.tag}`);
  return reportAt(component, () =>
    tagContent({
      registry,
      repository,
      tag: version.tag,
      digest,
      immutable: args.immutableTags,
      prove: async (found) => {
        const warning = await checkContent(subject, target, found);
        if (warning !== undefined) {
          throw overwritten(target, digest, found);
        }
      },
    }),
  );
}

function announceServed(subject: Subject, target: Target, { digest, byAnother }: Served, milliseconds: number): void {
  const took = duration(milliseconds);
  if (byAnother) {
    announce(
      subject,
      Fate.Adopted,
      (repository) =>
        `built in ${took}, but another stack tagged its own meanwhile, and that is used: ${repository}@${digest}`,
    );
  } else {
    announce(subject, Fate.Published, () => `published in ${took}: ${target.spec}@${digest}`);
  }
}
