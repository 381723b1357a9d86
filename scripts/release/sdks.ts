import { cp, symlink } from "node:fs/promises";
import * as path from "node:path";
import { hostMissing } from "../../test/support/languageHost";
import { goCommand } from "../setup/go";
import { ROOT } from "../setup/paths";
import { run, which } from "../setup/run";

/** Compiles the SDK of a language in its folder. Returns what is missing for that, if anything is. */
type Compile = (folder: string) => Promise<string | undefined>;

const COMPILERS: Record<string, Compile | undefined> = {
  nodejs: async (folder) => {
    await symlink(path.join(ROOT, "node_modules"), path.join(folder, "node_modules"));
    await run(process.execPath, [require.resolve("typescript/bin/tsc"), "--noEmit", "--skipLibCheck"], { cwd: folder });
    return undefined;
  },

  python: async (folder) => {
    await run("python3", ["-m", "compileall", "-q", "."], { cwd: folder });
    return undefined;
  },

  go: async (folder) => {
    const go = await goCommand(GO_MINOR);
    if (go === undefined) {
      return `there is no Go 1.${GO_MINOR} or later`;
    }
    const env = { ...process.env, GOFLAGS: "-mod=mod" };
    await run(go, ["build", "./..."], { cwd: folder, env, patient: true });
    return undefined;
  },

  java: async (folder) => {
    if (which("mvn") === undefined) {
      return "there is no mvn";
    }
    // The SDK has no build file. It is compiled with the example's program, by that one's.
    for (const name of ["pom.xml", "src"]) {
      await cp(path.join(ROOT, "examples/java", name), path.join(folder, name), { recursive: true });
    }
    await run("mvn", ["--batch-mode", "--quiet", "compile"], { cwd: folder, patient: true });
    return undefined;
  },

  dotnet: undefined,
};

/** The Go 1 that Pulumi's SDK needs, at least. */
const GO_MINOR = 25;

/** Java's is what `pulumi package add` writes: one that is for Gradle needs the address of the repository. */
const OPTIONS: Record<string, string[] | undefined> = { java: ["--local"] };

/** Writes the SDK of each language that Pulumi's CLI has a host for, from the plugin's schema. Says of each what came of it. */
export async function sdks(schema: string, folder: string): Promise<string[]> {
  const said: string[] = [];
  for (const [language, compile] of Object.entries(COMPILERS)) {
    said.push(`${language}: ${await sdk(language, compile, schema, folder)}`);
  }
  return said;
}

async function sdk(language: string, compile: Compile | undefined, schema: string, folder: string): Promise<string> {
  const missing = hostMissing(language);
  if (missing !== undefined) {
    return `left out, ${missing}`;
  }
  const args = ["package", "gen-sdk", schema, "--language", language, "--out", folder];
  await run("pulumi", [...args, ...(OPTIONS[language] ?? [])]);
  if (compile === undefined) {
    return "generated, not compiled";
  }
  const uncompiled = await compile(path.join(folder, language));
  return uncompiled === undefined ? "generated and compiled" : `generated, not compiled: ${uncompiled}`;
}
