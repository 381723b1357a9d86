import { run } from "../../../cli/run";

/** Runs the command line, and prints how much its buffers held at the most, in bytes. */
async function main(argv: string[]): Promise<void> {
  let most = 0;
  const watching = setInterval(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers);
  }, 1);
  const status = await run(argv, {
    out: () => {},
    err: (words) => process.stderr.write(words),
    input: async () => "",
    color: false,
    terminal: false,
    env: {},
    now: () => new Date(),
  });
  clearInterval(watching);
  console.log(JSON.stringify({ status, most }));
}

void main(process.argv.slice(2));
