import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Builder } from "../args";
import { lastLinesOfBuild } from "../builders";
import { type BuildContext, findFailedInstruction } from "../context";
import type { Subject } from "./subject";

/**
 * Says at which instruction a build failed, and what its last lines were: the providers hand on the builder's one sentence. Nothing where that
 * is not about an instruction, as when the push failed, and where that can't be found out: the build's own error is the one that counts.
 */
export async function sayBuildFailed(subject: Subject, { context }: BuildContext, errors: string[]): Promise<void> {
  const { component, name, version } = subject;
  try {
    // The first is of the last attempt.
    const explained = await explain(subject, context, errors[0] ?? "");
    if (explained !== undefined) {
      await pulumi.log.error(`${name}: the build of ${version.tag} failed${explained}`, component);
    }
  } catch (error) {
    await pulumi.log.debug(`${name}: where the build failed can't be found out: ${error}`, component);
  }
}

async function explain(subject: Subject, context: string, words: string): Promise<string | undefined> {
  const { dockerfile, build } = subject;
  const instruction = await findFailedInstruction(context, dockerfile, words);
  // Docker's own builder goes by the name of default.
  const builder = build.builder === Builder.Docker ? "default" : build.builderName;
  const lines = await lastLinesOfBuild({ builder, words, env: process.env });
  if (instruction === undefined && lines.length === 0) {
    return undefined;
  }
  const where = instruction ? ` at line ${instruction.line} of ${dockerfile}: ${shortened(instruction.text)}` : "";
  const output =
    lines.length > 0
      ? `The last lines of that step:\n${lines.map((line) => `    ${line}`).join("\n")}`
      : `\`${buildCommand(subject)}\` shows its output.`;
  return `${where}\n${output}`;
}

/** So many characters of an instruction are shown. */
const SHOWN = 120;

function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line;
}

function buildCommand({ args, build, dockerfile }: Subject): string {
  return [
    "docker build",
    ...(build.target === undefined ? [] : [`--target ${build.target}`]),
    ...(dockerfile === "Dockerfile" ? [] : [`--file ${path.join(args.context, dockerfile)}`]),
    args.context,
  ].join(" ");
}
