import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { homedir } from "node:os";
import * as path from "node:path";
import { parse } from "yaml";
import { hostMissing } from "../../test/support/languageHost";
import { ensurePulumi } from "../setup/pulumiCli";
import { run } from "../setup/run";

/** Sees to a Pulumi CLI on PATH. Returns what keeps it from adding packages as users do, if anything does. */
export async function cannotAdd(): Promise<string | undefined> {
  const cli = await ensurePulumi();
  if (cli !== undefined) {
    process.env.PATH = [cli, process.env.PATH].join(path.delimiter);
  }
  return hostMissing("nodejs") ?? hostMissing("yaml");
}

export interface Added {
  /** How long it took, in seconds. */
  seconds: number;
  /** What `packages` of Pulumi.yaml says after that. */
  packages: unknown;
}

/**
 * Runs `pulumi package add` in an empty project in YAML. Nothing of the package is there yet; the providers that it depends on are,
 * where the user has them.
 */
export async function addPackage(args: string[], env: NodeJS.ProcessEnv, folder: string): Promise<Added> {
  const [project, home] = [path.join(folder, "project"), path.join(folder, "home")];
  await mkdir(project, { recursive: true });
  await writeFile(path.join(project, "Pulumi.yaml"), "name: empty\nruntime: yaml\n");
  await lendProviders(path.join(home, "plugins"));
  const start = Date.now();
  await run("pulumi", ["package", "add", ...args], {
    cwd: project,
    env: {
      ...process.env,
      PULUMI_HOME: home,
      PULUMI_BACKEND_URL: `file://${folder}`,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      ...env,
    },
  });
  const seconds = (Date.now() - start) / 1000;
  return { seconds, packages: parse(await readFile(path.join(project, "Pulumi.yaml"), "utf8")).packages };
}

async function lendProviders(plugins: string): Promise<void> {
  await mkdir(plugins, { recursive: true });
  const users = path.join(process.env.PULUMI_HOME || path.join(homedir(), ".pulumi"), "plugins");
  for (const name of await readdir(users).catch(() => [])) {
    if (/^resource-docker(-build)?-v[\d.]+$/.test(name)) {
      await symlink(path.join(users, name), path.join(plugins, name));
    }
  }
}

export interface FileServer {
  url: string;
  close(): void;
}

/** Serves the files of a folder, as a download address does. */
export async function fileServer(folder: string): Promise<FileServer> {
  const server = createServer(({ url = "" }, response) => {
    readFile(path.join(folder, path.basename(decodeURIComponent(url)))).then(
      (file) => response.writeHead(200, { "content-length": file.length }).end(file),
      () => response.writeHead(404).end(),
    );
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
