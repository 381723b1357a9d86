import * as path from "node:path";
import { goProgram } from "./go";

/** actionlint, which finds mistakes in workflows of GitHub Actions. Throws MissingError where it can't be had. */
export async function ensureActionlint(): Promise<string> {
  const folder = await goProgram({
    name: "actionlint",
    version: "1.7.12",
    package: "github.com/rhysd/actionlint/cmd/actionlint",
    goMinor: 25,
  });
  return path.join(folder, "actionlint");
}
