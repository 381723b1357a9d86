import { dockerfileIn, type Instruction, isForeign } from "./dockerfile";

/**
 * The instruction at which a build from a directory failed, as far as the builder's words name one; none of what only another frontend
 * can read. Throws what reading the Dockerfile throws.
 */
export async function findFailedInstruction(
  context: string,
  dockerfile: string,
  words: string,
): Promise<Instruction | undefined> {
  const read = await dockerfileIn(context, dockerfile);
  return isForeign(read) ? undefined : failedInstruction(read.instructions, words);
}

/**
 * The instruction that a builder's words name: the command of a RUN, a source of a COPY or ADD, the image of a FROM. Undefined where
 * they name none, or several alike.
 */
export function failedInstruction(instructions: Instruction[], words: string): Instruction | undefined {
  const said = plain(` ${words} `);
  const named = instructions
    .map((instruction) => ({ instruction, length: lengthNamed(instruction, said) }))
    .filter(({ length }) => length > 0)
    .sort((one, other) => other.length - one.length);
  const [longest, next] = named;
  return longest && longest.length !== next?.length ? longest.instruction : undefined;
}

/** How much of an instruction is named by a builder's words: the longest of what it has to do with. */
function lengthNamed(instruction: Instruction, words: string): number {
  const lengths = partsOf(instruction)
    .map(plain)
    .filter((part) => part !== "" && words.includes(part))
    .map(({ length }) => length);
  return Math.max(0, ...lengths);
}

function partsOf({ name, text }: Instruction): string[] {
  const given = text.replace(/^\S+\s+/, "").replace(/^(?:--\S+\s+)*/, "");
  switch (name) {
    // The command is in quotes or brackets, after the shell that runs it.
    case "RUN": {
      const command = execForm(given);
      return ['"', "'", "]"].map((end) => (command === undefined ? `-c ${given}${end}` : `${command}${end}`));
    }
    case "COPY":
    case "ADD": {
      const paths = (execForm(given) ?? given).split(/\s+/).slice(0, -1);
      return paths.flatMap((path) => {
        const source = path.replace(/^(?:\.?\/)+/, "").replace(/\/+$/, "");
        // BuildKit begins a path with a slash, Docker's older builder with nothing.
        return source === "" ? [] : [`/${source}"`, `/${source}:`, ` ${source}:`];
      });
    }
    case "FROM": {
      const [image = ""] = given.split(/\s+/);
      // Not as a part of another name: that of what is pushed often begins like its base.
      return [" ", "/"].flatMap((before) =>
        [": ", ":latest: ", ", ", " not found"].map((after) => `${before}${image}${after}`),
      );
    }
    default:
      return [];
  }
}

/** What `["a", "b"]` comes to in a builder's words. */
function execForm(given: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(given);
    return Array.isArray(parsed) ? parsed.join(" ") : undefined;
  } catch {
    return undefined;
  }
}

/** Builders show white space, quotes and what escapes them in ways of their own. */
function plain(text: string): string {
  return text.replaceAll("\\", "").replace(/\s+/g, " ");
}
