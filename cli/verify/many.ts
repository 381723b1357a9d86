import { VersionedImageError } from "../../components/errors";
import type { ImageSource } from "../../components/git";
import { attempt } from "../attempt";
import { inParallel } from "../inParallel";
import { columns, count, type Io, paint, printable, printableLines } from "../output";
import { type Check, isConsistent, isVerified, refusalOf, whyNot } from "./check";
import type { Wanted } from "./clusterChecks";
import { verifyText } from "./text";
import { type Verification, type Verifier, verificationJson } from "./verification";

/** An image of several that are verified. */
export interface Subject {
  reference: string;
  /** What keeps it from being looked at, if that is known before. */
  error?: VersionedImageError;
  /** The target of a bake file that it is of. */
  target?: string;
  /** What it must be made of. Default: as its labels say. */
  made?: ImageSource;
  /** Checks of it against something else than git. */
  more(image: Wanted): Check[];
}

/** What came of one of them. */
export interface Outcome {
  reference: string;
  target: string | undefined;
  answer: Answer;
  result: Verification | VersionedImageError;
}

type Answer = "verified" | "consistent" | "not consistent" | "not verified" | "error";

/** Whether an image is at least consistent. */
export function isFine(answer: Answer): boolean {
  return answer === "verified" || answer === "consistent";
}

/** Verifies several images at once. What keeps one from being looked at is its outcome, and does not hide the others. */
export function verifyMany(subjects: Subject[], verifier: Verifier): Promise<Outcome[]> {
  return inParallel(subjects, async ({ reference, target, error, made, more }) => {
    const result = error ?? (await attempt(() => verifier.verify(reference, more, made)));
    if (!(result instanceof VersionedImageError)) {
      return { reference, target, answer: answerTo(result.checks), result };
    }
    // Without cosign nothing can be told of any of them.
    if (result.code === "CosignNotFound") {
      throw result;
    }
    return { reference, target, answer: "error", result };
  });
}

/** The outcomes for people, a line each, or with all checks. */
export function manyText(outcomes: Outcome[], verbose: boolean, io: Io): string {
  const rows = columns(outcomes.map((outcome) => [outcome.answer, printable(outcome.reference), reasonOf(outcome)]));
  const lines = outcomes.map(({ answer }, index) => {
    return `${paint(io, isFine(answer) ? "green" : "red", answer)}${rows[index]?.slice(answer.length)}\n`;
  });
  const shown = verbose ? outcomes.map((outcome) => wholeText(outcome, io)).join("\n\n") : lines.join("");
  const fine = outcomes.filter(({ answer }) => isFine(answer));
  const style = fine.length === outcomes.length ? "green" : "red";
  const verified = fine.filter(({ answer }) => answer === "verified").length;
  const said = `${fine.length} of ${count(outcomes.length, "image")} consistent with git, ${verified} of them verified.`;
  return `${shown}\n${paint(io, style, said)}\n`;
}

function answerTo(checks: Check[]): Answer {
  return isVerified(checks) ? "verified" : isConsistent(checks) ? "consistent" : refusalOf(checks);
}

function reasonOf({ result }: Outcome): string {
  if (result instanceof VersionedImageError) {
    return `${printable(result.message.replace(/\s*\n\s*/g, " "))} [${result.code}]`;
  }
  const { commit, checks } = result;
  const subject = commit ? `${commit.hash.slice(0, 12)} ${printable(commit.subject)}` : "";
  return isConsistent(checks) ? subject : whyNot(checks);
}

function wholeText({ reference, result }: Outcome, io: Io): string {
  return result instanceof VersionedImageError
    ? `${paint(io, "bold", printable(reference))}\n\n${paint(io, "red", `${printableLines(result.message)} [${result.code}]`)}\n`
    : verifyText(result, io);
}

export function manyJson(outcomes: Outcome[]) {
  return {
    consistent: outcomes.every(({ answer }) => isFine(answer)),
    verified: outcomes.every(({ answer }) => answer === "verified"),
    images: outcomes.map(({ reference, target, result }) => ({
      reference,
      ...(target !== undefined && { target }),
      ...(result instanceof VersionedImageError
        ? { consistent: false, verified: false, error: { code: result.code, message: result.message } }
        : verificationJson(result)),
    })),
  };
}
