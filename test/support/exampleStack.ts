import * as path from "node:path";
import type { Repo } from "./repo";
import { TestStack } from "./stack";

const EXAMPLES = path.resolve(__dirname, "../../examples");

/** A stack of one of the examples in TypeScript, in a repository that has what it is about. */
export function exampleStack(
  example: string,
  source: Repo,
  config: Record<string, string>,
  env: NodeJS.ProcessEnv = process.env,
): TestStack {
  source
    .write("Pulumi.yaml", "name: example\nruntime: nodejs\n")
    .write(".gitignore", "Pulumi.*.yaml\n")
    .add()
    .commit("Begin");
  return new TestStack("dev", {
    workDir: source.directory,
    env,
    program: path.join(EXAMPLES, "typescript", example, "index.ts"),
    project: "example",
    config,
  });
}
