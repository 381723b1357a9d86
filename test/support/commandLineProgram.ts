import { run } from "../../cli/run";

/** Runs the command line whenever whoever started this sends its arguments, and sends what came of it. */
process.on("message", async (argv: string[]) => {
  let [out, err] = ["", ""];
  const status = await run(argv, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    input: async () => "",
    color: false,
    terminal: false,
    env: process.env,
    now: () => new Date(),
  });
  process.send?.({ status, out, err });
});
