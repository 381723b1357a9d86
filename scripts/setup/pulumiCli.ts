import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation";
import { version } from "@pulumi/pulumi/version";
import { exclusively } from "./exclusively";
import { pulumiSiteAnswers } from "./online";
import { CACHE } from "./paths";
import { run, which } from "./run";
import { during, MissingError, say } from "./say";

const GO_NEEDED = "1.25";

/** A Pulumi CLI that is not older than the SDK. Returns its folder, for PATH; undefined if the one on PATH will do. */
export async function ensurePulumi(): Promise<string | undefined> {
  const found = which("pulumi");
  if (found && isEnough(await run(found, ["version"]))) {
    return undefined;
  }
  const home = path.join(CACHE, `pulumi-${version}`);
  const bin = path.join(home, "bin");
  if (existsSync(path.join(bin, "pulumi"))) {
    return bin;
  }
  await mkdir(CACHE, { recursive: true });
  return exclusively(`${home}.lock`, `Getting the Pulumi CLI ${version}`, async () => {
    if (existsSync(path.join(bin, "pulumi"))) {
      return bin;
    }
    // What a run left that was killed: nobody else can be at it now.
    for (const left of (await readdir(CACHE)).filter((name) => name.startsWith(`pulumi-${version}.tmp-`))) {
      await rm(path.join(CACHE, left), { recursive: true, force: true });
    }
    return (await download(home)) ?? (await build(home));
  });
}

function isEnough(printed: string): boolean {
  const parts = (text: string) => (/(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number);
  const [found, needed] = [parts(printed), parts(version)];
  for (let index = 0; index < 3; index++) {
    const [one = 0, other = 0] = [found[index], needed[index]];
    if (one !== other) {
      return one > other;
    }
  }
  return true;
}

async function download(home: string): Promise<string | undefined> {
  const scratch = await mkdtemp(`${home}.tmp-`);
  try {
    if (!(await pulumiSiteAnswers())) {
      throw new Error("get.pulumi.com does not answer");
    }
    await during(
      `Downloading the Pulumi CLI ${version}`,
      PulumiCommand.install({ root: scratch, skipVersionCheck: true }),
    );
    return await keep(scratch, home);
  } catch (error) {
    const [why] = (error as Error).message.split("\n");
    say(`The Pulumi CLI can't be downloaded (${why}); it is built from its Go module.`);
    return undefined;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Puts a finished CLI in its place in one step: an interrupted run leaves nothing that looks finished. */
async function keep(scratch: string, home: string): Promise<string> {
  const bin = path.join(home, "bin");
  await mkdir(home, { recursive: true });
  await rm(bin, { recursive: true, force: true });
  await rename(path.join(scratch, "bin"), bin);
  return bin;
}

/** What the Go module of the CLI would replace by a fork of its own cannot be said by a module that requires it. */
const GO_MOD = `module versioned-image/pulumi-cli

go 1.25.11

require github.com/pulumi/pulumi/pkg/v3 v${version}

replace github.com/atotto/clipboard => github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e
`;

const TOOLS_GO = `//go:build tools

package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
`;

async function build(home: string): Promise<string> {
  const go = which("go");
  const printed = go ? await run(go, ["version"]) : "";
  const [, major = 0, minor = 0] = (/go(\d+)\.(\d+)/.exec(printed) ?? []).map(Number);
  if (!go || major < 1 || (major === 1 && minor < 25)) {
    throw new MissingError(
      `The Pulumi CLI ${version} is missing and can't be downloaded: install it (https://www.pulumi.com/docs/install/), or Go ` +
        `${GO_NEEDED} or later to have it built.`,
    );
  }
  const scratch = await mkdtemp(`${home}.tmp-`);
  try {
    await writeFile(path.join(scratch, "go.mod"), GO_MOD);
    await writeFile(path.join(scratch, "tools.go"), TOOLS_GO);
    const env = { ...process.env, GOFLAGS: "" };
    await during("Fetching the Go modules of the Pulumi CLI", run(go, ["mod", "tidy"], { cwd: scratch, env }));
    const flags = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${version}`;
    const args = ["build", "-trimpath", "-ldflags", flags, "-o", path.join(scratch, "bin", "pulumi")];
    await during(
      `Building the Pulumi CLI ${version}, once (about five minutes on two cores)`,
      run(go, [...args, "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"], { cwd: scratch, env }),
    );
    return await keep(scratch, home);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
