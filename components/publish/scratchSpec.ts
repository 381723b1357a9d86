import * as pulumi from "@pulumi/pulumi";
import { organization, urnOf } from "../pulumi";
import { parseReference } from "../registry";
import { isScratchTag, scratchTag } from "../version";
import type { Subject } from "./subject";

/** repository:tag under which a stack pushes the content of an image before it is tagged with its version. */
export async function scratchSpec({ component }: Pick<Subject, "component">, repository: string): Promise<string> {
  const identity = `${organization()}/${await urnOf(component)}`;
  return `${repository}:${scratchTag(pulumi.getStack(), identity)}`;
}

/** Whether a repository:tag is of that form. */
export function isScratch(spec: string): boolean {
  return isScratchTag(parseReference(spec).tag ?? "");
}
