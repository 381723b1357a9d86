import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Builder } from "../args";
import { type BuildContext, findFailedInstruction } from "../context";
import { lastLinesOfBuild } from "../docker";
import type { Step } from "../pulumi";
import { knownValue } from "../pulumi";
import { onlySay, sayProgress } from "./runReport";
import type { Subject } from "./subject";

/** Follows a build: says that it begins, and where it failed. */
export class BuildProgress {
  /** For an interrupt that comes meanwhile; nothing goes on at first. */
  readonly step: Step;
  private began: number | undefined;

  /** `what` is to be built, and where it goes. */
  constructor(
    private readonly subject: Subject,
    private readonly what: string,
  ) {
    this.step = { what: undefined };
  }

  /** Just before it begins, for which `prepare` does what is left to do. */
  async begin(prepare: () => Promise<void>): Promise<void> {
    this.began = performance.now();
    sayProgress(this.subject, `building ${this.what}`);
    try {
      await prepare();
    } catch (error) {
      this.step.what = undefined;
      throw error;
    }
  }

  /** When it has failed for good; while its files are still there. */
  async fail(context: BuildContext, errors: string[]): Promise<void> {
    // The engine interrupts the program of an update that fails, and the image's own error says the rest.
    this.step.what = undefined;
    await sayBuildFailed(this.subject, context, errors);
  }

  /** Since it began, in milliseconds; undefined if it did not. */
  get took(): number | undefined {
    return this.began === undefined ? undefined : performance.now() - this.began;
  }
}

/**
 * Says at which instruction a build failed, and what its last lines were: the providers hand on the builder's one sentence. Nothing where that
 * is not about an instruction, as when the push failed, and where that can't be found out: the build's own error is the one that counts.
 */
export function sayBuildFailed(subject: Subject, context: BuildContext, errors: string[]): Promise<void> {
  return onlySay(subject, "where the build failed", () => tellWhere(subject, context, errors));
}

async function tellWhere(
  subject: Subject,
  { context, dockerfile: built }: BuildContext,
  errors: string[],
): Promise<void> {
  const { component, name, version, dockerfile, build } = subject;
  // The first is of the last attempt.
  const words = errors[0] ?? "";
  const instruction = await findFailedInstruction(context, path.relative(context, built), words);
  // Docker's own builder goes by the name of default.
  const builder = build.builder === Builder.Docker ? "default" : build.builderName;
  const lines = await lastLinesOfBuild({ builder, words, env: process.env });
  if (instruction === undefined && lines.length === 0) {
    return;
  }
  const where = instruction ? ` at line ${instruction.line} of ${dockerfile}: ${shortened(instruction.text)}` : "";
  const output =
    lines.length > 0
      ? `The last lines of that step:\n${lines.map((line) => `    ${line}`).join("\n")}`
      : `\`${await buildCommand(subject)}\` shows its output.`;
  await pulumi.log.error(`${name}: the build of ${version.tag} failed${where}\n${output}`, component);
}

/** So many characters of an instruction are shown. */
const SHOWN = 120;

function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line;
}

/** On the same bases: without them it would not come as far as what failed. */
async function buildCommand({ args, build, dockerfile }: Subject): Promise<string> {
  const bases = Object.entries(build.bases).map(async ([name, { reference }]) => [name, await knownValue(reference)]);
  return [
    "docker build",
    ...(await Promise.all(bases)).map(([name, reference]) => `--build-arg ${name}=${reference}`),
    ...(build.target === undefined ? [] : [`--target ${build.target}`]),
    ...(dockerfile === "Dockerfile" ? [] : [`--file ${path.join(args.context, dockerfile)}`]),
    args.context,
  ].join(" ");
}
