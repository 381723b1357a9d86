import { VersionedImageError } from "../errors";
import { type Instruction, lowerCase } from "./instructions";
import { trim } from "./whiteSpace";

/** A stage of a Dockerfile: a FROM instruction and what follows it. */
export interface Stage {
  /** In lower case; undefined for one without a name. */
  name: string | undefined;
  /** Where it begins, in bytes. */
  start: number;
}

/** The stages of a Dockerfile. */
export function stagesOf(instructions: Instruction[]): Stage[] {
  return instructions
    .filter(({ name }) => name === "from")
    .map(({ text, start }) => {
      const [, image, as = "", name, ...more] = trim(text)
        .split(/[\t\v\f\r ]+/)
        .filter((word) => !word.startsWith("--"));
      const isNamed = image !== undefined && /^as$/iu.test(as) && name !== undefined && more.length === 0;
      return { name: isNamed ? lowerCase(name) : undefined, start };
    });
}

/**
 * The number of the stage that Docker builds: of those of a name the last, in any case of letters, and by name alone. Throws
 * DockerfileInvalid where there is none.
 */
export function builtStage(stages: Stage[], target: string | undefined, dockerfile: string): number {
  if (stages.length === 0) {
    throw new VersionedImageError(
      "DockerfileInvalid",
      `${dockerfile} has no FROM instruction: there is nothing to build.`,
    );
  }
  if (target === undefined || target === "") {
    return stages.length - 1;
  }
  const index = stages.findLastIndex(({ name }) => name === lowerCase(target));
  if (index < 0) {
    const names = stages.flatMap(({ name }) => name ?? []);
    const known = names.length > 0 ? `its stages are: ${names.join(", ")}` : "none of its stages has a name";
    const advice = /^\d+$/.test(target)
      ? " Docker finds a target by its name, not by its number: write FROM … AS NAME."
      : "";
    throw new VersionedImageError(
      "DockerfileInvalid",
      `${dockerfile} has no stage ${JSON.stringify(target)} for build.target; ${known}.${advice}`,
    );
  }
  return index;
}
