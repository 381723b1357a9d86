import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import type { Repo } from "../test/support/repo";
import { main, untilInterrupted } from "./dev";
import { exampleHistory } from "./pictures/history";
import { type Place, record, type Typed } from "./pictures/record";
import { screenOf } from "./pictures/screen";
import { svg } from "./pictures/svg";
import { prepare, type Services, stop } from "./setup";
import { ROOT, TYPESCRIPT } from "./setup/paths";
import { freePort, isTaken } from "./setup/registry";
import { run, which } from "./setup/run";
import { MissingError, say } from "./setup/say";

const FOLDER = path.join(ROOT, "docs", "images");
const TERMINAL = { columns: 128, rows: 60 };
/** The port that the README names. */
const REGISTRY_PORT = 5000;

interface Picture {
  /** In the folder of pictures. */
  file: string;
  /** What is to be seen, for those who can't see it. */
  title: string;
  session: Typed[];
}

const PICTURES: Picture[] = [
  {
    file: "preview.svg",
    title: "pulumi preview: the image's tag, its commit and where it will be pushed, before anything is built",
    session: [{ command: "pulumi preview" }],
  },
  {
    file: "update.svg",
    title: "pulumi up: the image is published, and deployed by the digest that the registry gave it",
    session: [{ command: "pulumi up --yes --skip-preview" }],
  },
  {
    file: "command-line.svg",
    title: "versioned-image tag: the tag, and after an edit the refusal that lists the file, and the tag for debugging",
    session: [
      { command: "versioned-image tag images/simple" },
      { command: "echo redis==5.2.1 >> images/simple/requirements.txt" },
      { command: "versioned-image tag images/simple", status: 1 },
      { command: "versioned-image tag images/simple --debug" },
    ],
  },
];

/** Draws the README's pictures: what Pulumi and the command line print into a terminal, on services of this machine. */
void main(async () => {
  if (!which("script")) {
    throw new MissingError("Terminals are recorded with util-linux's script, which is not installed.");
  }
  const home = mkdtempSync(path.join(tmpdir(), "pictures-"));
  const example = exampleHistory();
  const services: Services = {};
  try {
    await untilInterrupted(draw(home, example, services));
  } finally {
    await stop(services);
    example.dispose();
    rmSync(home, { recursive: true, force: true });
  }
});

async function draw(home: string, example: Repo, services: Services): Promise<void> {
  const registryPort = (await isTaken(REGISTRY_PORT)) ? await freePort() : REGISTRY_PORT;
  const started = (running: Services) => Object.assign(services, running);
  const { env, registry, standins } = await prepare({ home, registryPort, started });
  refuseStandins(standins, env);
  const repository = `${registry.host}/simple`;
  const place: Place = {
    cwd: example.directory,
    env: { ...env, ...ownState(home), PATH: [commands(home), env.PATH].join(path.delimiter) },
  };
  for (const args of [
    ["stack", "init", "dev"],
    ["config", "set", "repository", repository],
    ["config", "set", "manifests", "manifests"],
  ]) {
    await run("pulumi", args, place);
  }
  mkdirSync(FOLDER, { recursive: true });
  for (const one of PICTURES) {
    await picture(one, place);
  }
}

/** With anything that is not Pulumi's own, Pulumi prints warnings which users don't see. */
function refuseStandins(standins: string[], env: NodeJS.ProcessEnv): void {
  if (standins.length > 0) {
    throw new MissingError(
      `Pictures show what users see, so they need Pulumi's own plugins of ${standins.join(" and ")}: install them, or ` +
        "set PULUMI_HOME to a folder that has them.",
    );
  }
  const cli = path.dirname(realpathSync(which("pulumi", env) ?? ""));
  if (!existsSync(path.join(cli, "pulumi-language-nodejs"))) {
    throw new MissingError(
      "Pictures show what users see, so they need the Pulumi CLI as it is published, with pulumi-language-nodejs beside it: " +
        "https://www.pulumi.com/docs/install/",
    );
  }
}

function ownState(home: string): NodeJS.ProcessEnv {
  const state = path.join(home, "state");
  mkdirSync(state);
  return { PULUMI_BACKEND_URL: `file://${state}`, PULUMI_CONFIG_PASSPHRASE: "pictures" };
}

/** A folder for PATH with the command line, as an installed package brings it. */
function commands(home: string): string {
  const bin = path.join(home, "bin");
  mkdirSync(bin);
  const file = path.join(bin, "versioned-image");
  const words = [process.execPath, ...TYPESCRIPT, path.join(ROOT, "cli", "main.ts")];
  writeFileSync(file, `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(" ")} "$@"\n`);
  chmodSync(file, 0o755);
  return bin;
}

/** Records commands one after the other, and draws what a terminal shows in the end in which they are typed. */
async function picture({ file, title, session }: Picture, place: Place): Promise<void> {
  let written = "";
  for (const typed of session) {
    say(`Recording ${typed.command} …`);
    const prompt = `\x1b[2m$\x1b[0m \x1b[1m${typed.command}\x1b[0m\r\n`;
    written += prompt + (await record(typed, TERMINAL, place));
  }
  const lines = await screenOf(written, TERMINAL);
  writeFileSync(path.join(FOLDER, file), svg(lines, { columns: TERMINAL.columns, title }));
}
