import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { lastLinesOfBuild } from "../builders";
import { contextOf, findFailedInstruction, type Place } from "../context";
import type { Subject } from "./subject";

/**
 * Says at which instruction a build by Docker's provider failed, and what its last lines were: the provider itself hands on the builder's
 * one sentence. Nothing where that is not about an instruction, as when the push failed.
 */
export async function sayBuildFailed(subject: Subject, place: Place, words: string, since: Date): Promise<void> {
  const { component, name, version, dockerfile } = subject;
  const instruction = await findFailedInstruction(contextOf(place).context, dockerfile, words);
  const lines = await lastLinesOfBuild(words, since, process.env);
  if (instruction === undefined && lines.length === 0) {
    return;
  }
  const where = instruction ? ` at line ${instruction.line} of ${dockerfile}: ${shortened(instruction.text)}` : "";
  const output =
    lines.length > 0
      ? `The last lines of that step:\n${lines.map((line) => `    ${line}`).join("\n")}`
      : `\`${buildCommand(subject)}\` shows its output.`;
  await pulumi.log.error(`${name}: the build of ${version.tag} failed${where}\n${output}`, component);
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
