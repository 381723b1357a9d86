import { existsSync, realpathSync } from "node:fs";
import * as path from "node:path";
import { which } from "../../scripts/setup/run";

/** Where neither PATH nor the folder of the CLI has the host of a language's programs, that is an obstacle. */
export function hostMissing(language: string): string | undefined {
  const host = `pulumi-language-${language}`;
  const cli = which("pulumi");
  const found = which(host) ?? (cli && existsSync(path.join(path.dirname(realpathSync(cli)), host)));
  return found ? undefined : `there is no ${host}`;
}
