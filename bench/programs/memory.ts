import * as path from "node:path";
import { readFacts } from "../../components/git";

/** Asks for all facts of images, and prints how much memory that took at most, in bytes. */
async function main([root = "", ...directories]: string[]): Promise<void> {
  await Promise.all(directories.map((directory) => readFacts({ context: path.join(root, directory) })));
  console.log(process.resourceUsage().maxRSS * 1024);
}

void main(process.argv.slice(2));
