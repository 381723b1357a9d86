import { rm, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation";
import { version } from "@pulumi/pulumi/version";
import { cachedPrograms } from "./cached";
import { goCommand } from "./go";
import { pulumiSiteAnswers } from "./online";
import { run, which } from "./run";
import { during, MissingError, say } from "./say";

/** The Go 1 that builds it, at least. */
const GO_MINOR = 25;

/** A Pulumi CLI that is not older than the SDK. Returns its folder, for PATH; undefined if the one on PATH will do. */
export async function ensurePulumi(): Promise<string | undefined> {
  const found = which("pulumi");
  if (found && isEnough(await run(found, ["version"]))) {
    return undefined;
  }
  return cachedPrograms(`pulumi-${version}`, `Getting the Pulumi CLI ${version}`, async (scratch) => {
    if (!(await download(scratch))) {
      await build(scratch);
    }
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

/** Whether it could be downloaded. */
async function download(scratch: string): Promise<boolean> {
  try {
    if (!(await pulumiSiteAnswers())) {
      throw new Error("get.pulumi.com does not answer");
    }
    await during(
      `Downloading the Pulumi CLI ${version}`,
      PulumiCommand.install({ root: scratch, skipVersionCheck: true }),
    );
    return true;
  } catch (error) {
    const [why] = (error as Error).message.split("\n");
    say(`The Pulumi CLI can't be downloaded (${why}); it is to be built from its Go module.`);
    await rm(path.join(scratch, "bin"), { recursive: true, force: true });
    return false;
  }
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

async function build(scratch: string): Promise<void> {
  const go = await goCommand(GO_MINOR);
  if (!go) {
    throw new MissingError(
      `The Pulumi CLI ${version} is missing and can't be downloaded: install it (https://www.pulumi.com/docs/install/), or Go ` +
        `1.${GO_MINOR} or later to have it built, then run this again.`,
    );
  }
  await writeFile(path.join(scratch, "go.mod"), GO_MOD);
  await writeFile(path.join(scratch, "tools.go"), TOOLS_GO);
  const env = { ...process.env, GOFLAGS: "" };
  await during("Fetching the Go modules of the Pulumi CLI", run(go, ["mod", "tidy"], { cwd: scratch, env }));
  const flags = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${version}`;
  const args = ["build", "-trimpath", "-ldflags", flags, "-o", path.join(scratch, "bin", "pulumi")];
  await during(
    `Building the Pulumi CLI ${version}, once (about five minutes on two cores)`,
    run(go, [...args, "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"], { cwd: scratch, env, patient: true }),
  );
}
