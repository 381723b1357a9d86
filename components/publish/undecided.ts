import { builderOf } from "../builders";
import { unknownOutput } from "../pulumi";
import { parseReference } from "../registry";
import { Fate } from "../version";
import { labelsOf } from "./bases";
import { settledContent } from "./buildContent";
import { keepRecord, ownOf } from "./record";
import { announce } from "./runReport";
import { type Publication, type Subject, specOf } from "./subject";

/** In a preview that can't know yet where an image goes, or with which credentials, nobody is asked and all stays unknown. */
export async function publishUndecided(subject: Subject): Promise<Publication> {
  const { component, name, args, build, version } = subject;
  announce(
    subject,
    Fate.Undecided,
    (repository) => `will be looked for in ${repository}, and published there unless it is there`,
  );
  const kept = await keepRecord(name, component, { keep: ["own", "debug", "current"], write: {} });
  const own = ownOf(kept);

  if (own) {
    await settledContent(subject, own, `${parseReference(own.spec).repository}@${own.digest}`);
  } else if (args.publish !== false) {
    builderOf(build.builder).declare({
      name: `${name}-image`,
      component,
      spec: unknownOutput(),
      context: unknownOutput(),
      labels: labelsOf(subject),
      committedAt: version.committedAt,
      build,
      registryAuth: args.registryAuth,
      settled: false,
      hooks: undefined,
    });
  }
  return { spec: specOf(subject), digest: unknownOutput(), outcome: args.publish === false ? "adopted" : "published" };
}
