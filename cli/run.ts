import { CommanderError } from "commander";
import { VersionedImageError } from "../components/errors";
import { type Io, printableLines, printError, printJson, type Status } from "./output";
import { createProgram } from "./program";

/** Runs the command line. Returns its exit status: 0 fine, 1 the answer is no or there was an error, 2 wrong usage. */
export async function run(argv: string[], io: Io): Promise<Status | 2> {
  const json = argv.includes("--json");
  let status: Status = 0;
  let complaint = "";
  const program = createProgram({
    io,
    complain: (text) => {
      complaint += text;
    },
    done: (result) => {
      status = result;
    },
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) {
      return usage(error, complaint, json, io);
    }
    return failure(error, json, io);
  }
}

function usage({ exitCode, message }: CommanderError, complaint: string, json: boolean, io: Io): 0 | 2 {
  if (exitCode === 0) {
    return 0;
  }
  if (json) {
    printJson(io, { error: { code: "InvalidArgument", message: message.replace(/^error: /, "") } });
  } else {
    io.err(complaint);
  }
  return 2;
}

function failure(error: unknown, json: boolean, io: Io): 1 {
  const ours = error instanceof VersionedImageError;
  const code = ours ? error.code : "Unexpected";
  const message = error instanceof Error ? error.message : String(error);
  if (json) {
    printJson(io, { error: { code, message } });
  } else {
    printError(io, { code, message });
  }
  if (!ours && error instanceof Error) {
    io.err(`This is a bug in versioned-image. Please report it:\n${printableLines(error.stack ?? "")}\n`);
  }
  return 1;
}
