import * as pulumi from "@pulumi/pulumi";
import { describeVersion } from "../version";
import type { Subject } from "./subject";

/** Says in the preview and in the update which version an image has and what happens to it. */
export function announce(subject: Subject, what: (repository: string) => string): void {
  const repository = subject.target?.repository ?? "a repository that is not known yet";
  pulumi.log.info(
    `${subject.name}: ${describeVersion(subject.version, new Date())}: ${what(repository)}`,
    subject.component,
  );
}
