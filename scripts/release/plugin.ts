import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { credentials } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { GetSchemaRequest } from "@pulumi/pulumi/proto/provider_pb";
import { pack } from "tar-stream";
import { ROOT } from "../setup/paths";
import { run } from "../setup/run";
import { type Names, schemaFields } from "./names";
import { INSTALL, publish } from "./published";
import { readSchema, SCHEMA } from "./schemas";

/** The files of the plugin: the CLI installs the package that it depends on when it installs the plugin. */
export async function pluginFiles(names: Names, version: string): Promise<Record<string, string>> {
  const folder = path.join(ROOT, "release", "plugin");
  const sources = await Promise.all(
    (await readdir(folder)).map(async (file) => [file, await readFile(path.join(folder, file), "utf8")] as const),
  );
  const { dependencies } = JSON.parse(await readFile(path.join(ROOT, "package.json"), "utf8"));
  const sdk = "@pulumi/pulumi";
  const manifest = {
    name: "versioned-image",
    version,
    private: true,
    main: "index.js",
    dependencies: { [names.package]: version, [sdk]: dependencies[sdk] },
  };
  return {
    ...Object.fromEntries(sources),
    "package.json": json(manifest),
    "schema.json": json({ ...readSchema(SCHEMA), ...schemaFields(names), version }),
  };
}

const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

/** The same files give the same tarball. */
export async function writeTarball(files: Record<string, string>, tarball: string): Promise<void> {
  const tar = pack();
  for (const [name, text] of Object.entries(files).sort(([one], [other]) => (one < other ? -1 : 1))) {
    tar.entry({ name, mtime: new Date(0) }, text);
  }
  tar.finalize();
  await pipeline(tar, createGzip({ level: 9 }), createWriteStream(tarball));
}

/** What Pulumi's CLI looks for at a plugin's download address: one for each system that it runs on, all the same. */
export function pluginTarballs(version: string): string[] {
  return ["darwin", "linux", "windows"].flatMap((os) =>
    ["amd64", "arm64"].map((arch) => `pulumi-resource-versioned-image-v${version}-${os}-${arch}.tar.gz`),
  );
}

/** Unpacks the plugin's tarball, installs what it needs as the CLI does, and asks it for its schema. */
export async function schemaOf(plugin: string, name: string, tarball: string, scratch: string): Promise<unknown> {
  const { npmrc, close } = await publish(name, tarball, scratch);
  const folder = path.join(scratch, "plugin");
  await mkdir(folder);
  try {
    await run("tar", ["-xzf", plugin, "-C", folder]);
    await writeFile(path.join(folder, ".npmrc"), npmrc);
    await run("npm", INSTALL, { cwd: folder });
  } finally {
    close();
  }
  const child = spawn(process.execPath, ["index.js", NO_ENGINE], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  try {
    // Its first line is the port that it listens at; the lines end where it does.
    for await (const port of createInterface(child.stdout)) {
      return await askForSchema(`127.0.0.1:${port}`);
    }
    throw new Error("The plugin ended without a word");
  } finally {
    child.kill();
  }
}

const NO_ENGINE = "127.0.0.1:1";

async function askForSchema(address: string): Promise<unknown> {
  const client = new ResourceProviderClient(address, credentials.createInsecure());
  try {
    return await new Promise((resolve, reject) => {
      client.getSchema(new GetSchemaRequest(), (error, answer) =>
        error ? reject(error) : resolve(JSON.parse(answer.getSchema())),
      );
    });
  } finally {
    client.close();
  }
}
